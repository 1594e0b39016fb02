import type * as tf from '@tensorflow/tfjs'

/** An activation function of tfjs, as its layers hold it. */
export interface Activation {
  apply(x: tf.Tensor): tf.Tensor
  getClassName(): string
}

/** The keyword arguments of a call; tfjs hands one object to all layers of a run. */
export type Kwargs = Parameters<tf.layers.Layer['call']>[1]

type TfDenseArgs = Parameters<typeof tf.layers.dense>[0]

/** The arguments that every layer of tfjs takes. Its package exports functions, not the types of their arguments. */
export type LayerArgs = Pick<
  TfDenseArgs,
  'inputShape' | 'batchInputShape' | 'batchSize' | 'dtype' | 'name' | 'trainable' | 'weights'
>

export type Initializer = Exclude<NonNullable<TfDenseArgs['kernelInitializer']>, string>

export type Constraint = Exclude<NonNullable<TfDenseArgs['kernelConstraint']>, string>

/** The activation of a twin that has none. */
const linear: Activation = { apply: (x) => x, getClassName: () => 'linear' }

/** What a variational layer takes from its `tf.layers` twin: tfjs turns 'relu', 'heNormal' or 'nonNeg' into objects inside its layers only. */
export interface TwinParts {
  readonly activation: Activation
  readonly useBias: boolean
  readonly kernelInitializer: Initializer
  readonly kernelConstraint: Constraint | null
  readonly biasInitializer: Initializer
  readonly biasConstraint: Constraint | null
}

/**
 * The protected parts of a `tf.layers` layer.
 *
 * @param kernelName what the layer calls its kernel in the names of its arguments
 */
export function twinParts(twin: tf.layers.Layer, kernelName: string): TwinParts {
  const parts = twin as unknown as Record<string, unknown> & TwinParts
  return {
    activation: parts.activation ?? linear,
    useBias: parts.useBias ?? false,
    kernelInitializer: parts[`${kernelName}Initializer`] as Initializer,
    kernelConstraint: parts[`${kernelName}Constraint`] as Constraint | null,
    biasInitializer: parts.biasInitializer,
    biasConstraint: parts.biasConstraint,
  }
}

/**
 * The config of a `tf.layers` layer without regularizers, whose place the prior takes.
 *
 * What tfjs writes wrongly is written here: its depthwiseConv2d has its regularizer in the constraint's place, its separableConv2d forgets the multiplier.
 */
export function twinConfig(twin: tf.layers.Layer): tf.serialization.ConfigDict {
  const config = Object.fromEntries(Object.entries(twin.getConfig()).filter(([name]) => !name.endsWith('Regularizer')))
  const parts = twin as unknown as Record<string, unknown>
  const constraints = Object.keys(config)
    .filter((name) => name.endsWith('Constraint'))
    .map((name) => {
      const constraint = parts[name] as Constraint | null
      return [name, constraint && { className: constraint.getClassName(), config: constraint.getConfig() }] as const
    })
  const { depthMultiplier } = parts as { readonly depthMultiplier?: number }
  return { ...config, ...Object.fromEntries(constraints), ...(depthMultiplier === undefined ? {} : { depthMultiplier }) }
}
