import type * as tf from '@tensorflow/tfjs'

/** An activation function of tfjs, as its layers hold it. */
export interface Activation {
  apply(x: tf.Tensor): tf.Tensor
  getClassName(): string
}

/** The keyword arguments of a call; tfjs hands one object to all layers of a run. */
export type Kwargs = Parameters<tf.layers.Layer['call']>[1]

/** Arguments of tfjs's dense layer. Its package exports the functions, not the types of their arguments. */
export type TfDenseArgs = Parameters<typeof tf.layers.dense>[0]

export type Initializer = Exclude<NonNullable<TfDenseArgs['kernelInitializer']>, string>

export type Constraint = Exclude<NonNullable<TfDenseArgs['kernelConstraint']>, string>

/** What a variational layer takes from its `tf.layers` twin: tfjs turns 'relu', 'heNormal' or 'nonNeg' into objects inside its layers only. */
export interface TwinParts {
  readonly activation: Activation
  readonly useBias: boolean
  readonly kernelInitializer: Initializer
  readonly biasInitializer: Initializer
  readonly kernelConstraint: Constraint | null
  readonly biasConstraint: Constraint | null
}

/** The protected parts of a `tf.layers` layer that has a kernel and a bias. */
export function twinParts(twin: tf.layers.Layer): TwinParts {
  return twin as unknown as TwinParts
}
