import * as tf from '@tensorflow/tfjs'
import {
  type EstimatorName,
  variationalConv1d,
  variationalConv2d,
  variationalDense,
  variationalDepthwiseConv2d,
} from '@tfjs-bayes/layers'
import fc from 'fast-check'
import { activations, randomizeWeights } from './randomModel.ts'

type DataFormat = 'channelsLast' | 'channelsFirst'
type Padding = 'valid' | 'same'

/** A piece of a random convolutional model. */
export type ImageBlock =
  | {
      readonly kind: 'conv' | 'depthwise'
      readonly variational: boolean
      readonly filters: number
      readonly kernel: readonly number[]
      readonly strides: readonly number[]
      readonly dilations: readonly number[]
      readonly padding: Padding
      readonly activation: string
      readonly useBias: boolean
    }
  | {
      readonly kind: 'maxPool' | 'averagePool'
      readonly size: readonly number[]
      readonly strides: readonly number[]
      readonly padding: Padding
    }
  | { readonly kind: 'batchNormalization'; readonly scale: boolean; readonly center: boolean }
  | { readonly kind: 'activation'; readonly name: string }
  | { readonly kind: 'residual' }

export interface ImageSpec {
  readonly family: 'image'
  readonly axes: 1 | 2 | 3
  readonly sizes: readonly number[]
  readonly channels: number
  readonly dataFormat: DataFormat
  readonly blocks: readonly ImageBlock[]
  readonly end: 'flatten' | 'globalMax' | 'globalAverage'
  readonly classes: number
  readonly lastVariational: boolean
  readonly seed: number
}

/** Convolutional models over 1, 2 or 3 axes, Bayesian and ordinary layers mixed, in both data formats. */
export function imageSpec({ bayesian }: { readonly bayesian: boolean }): fc.Arbitrary<ImageSpec> {
  const triple = (min: number, max: number): fc.Arbitrary<number[]> =>
    fc.array(fc.integer({ min, max }), { minLength: 3, maxLength: 3 })
  const padding = fc.constantFrom<Padding>('valid', 'same')
  // Softmax and the like along channels, wherever these are, is for dense layers: tfjs takes the last axis.
  const activation = fc.constantFrom(...activations.filter((name) => !name.toLowerCase().includes('softmax')))
  const block: fc.Arbitrary<ImageBlock> = fc.oneof(
    {
      weight: 3,
      arbitrary: fc.record({
        kind: fc.constantFrom('conv', 'depthwise'),
        variational: fc.boolean(),
        filters: fc.integer({ min: 1, max: 3 }),
        kernel: triple(1, 3),
        strides: triple(1, 2),
        dilations: triple(1, 2),
        padding,
        activation,
        useBias: fc.boolean(),
      }),
    },
    {
      weight: 1,
      arbitrary: fc.record({
        kind: fc.constantFrom('maxPool', 'averagePool'),
        size: triple(1, 3),
        strides: triple(1, 2),
        padding,
      }),
    },
    { weight: 1, arbitrary: fc.record({ kind: fc.constant('batchNormalization'), scale: fc.boolean(), center: fc.boolean() }) },
    { weight: 1, arbitrary: fc.record({ kind: fc.constant('activation'), name: activation }) },
    { weight: 1, arbitrary: fc.constant<ImageBlock>({ kind: 'residual' }) },
  )
  return fc.record({
    family: fc.constant('image'),
    axes: fc.constantFrom(1, 2, 2, 2, 3),
    sizes: triple(3, 7),
    channels: fc.integer({ min: 1, max: 3 }),
    dataFormat: fc.constantFrom<DataFormat>('channelsLast', 'channelsLast', 'channelsFirst'),
    blocks: fc.array(block, { maxLength: 4 }),
    end: fc.constantFrom('flatten', 'globalMax', 'globalAverage'),
    classes: fc.integer({ min: 2, max: 4 }),
    lastVariational: bayesian ? fc.constant(true) : fc.boolean(),
    seed: fc.nat(),
  })
}

/** The shape of one row. */
export function imageShape({ axes, sizes, channels, dataFormat }: ImageSpec): number[] {
  const spatial = sizes.slice(0, axes)
  return formatOf(axes, dataFormat) === 'channelsFirst' ? [channels, ...spatial] : [...spatial, channels]
}

/** Builds a model; a window that no longer fits is left out. */
export function buildImageModel(spec: ImageSpec, estimator: EstimatorName): tf.LayersModel {
  const { axes, blocks, end, classes, lastVariational, seed } = spec
  const dataFormat = formatOf(axes, spec.dataFormat)
  const input = tf.input({ shape: imageShape(spec) })
  let x: tf.SymbolicTensor = input
  for (const block of blocks) x = applyBlock(x, block, axes, dataFormat, estimator)
  x = endOf(x, axes === 3 ? 'flatten' : end, axes, dataFormat)
  const last = lastVariational ? variationalDense({ units: classes, estimator }) : tf.layers.dense({ units: classes })
  const model = tf.model({ inputs: input, outputs: last.apply(x) as tf.SymbolicTensor })
  randomizeWeights(model, seed)
  // A variance is no random normal number.
  for (const weight of model.weights.filter(({ originalName }) => originalName.endsWith('moving_variance'))) {
    const positive = tf.tidy(() => weight.read().abs().add(0.5))
    weight.write(positive)
    positive.dispose()
  }
  return model
}

/** tfjs ignores the data format of a one-dimensional convolution half of the way; and its three-dimensional layers have no twin here. */
function formatOf(axes: number, dataFormat: DataFormat): DataFormat {
  return axes === 2 ? dataFormat : 'channelsLast'
}

function applyBlock(
  x: tf.SymbolicTensor,
  block: ImageBlock,
  axes: 1 | 2 | 3,
  dataFormat: DataFormat,
  estimator: EstimatorName,
): tf.SymbolicTensor {
  const apply = (layer: tf.layers.Layer, to: tf.SymbolicTensor = x): tf.SymbolicTensor => layer.apply(to) as tf.SymbolicTensor
  const lengths = (dataFormat === 'channelsFirst' ? x.shape.slice(2) : x.shape.slice(1, -1)) as number[]
  const fits = (size: readonly number[], dilations: readonly number[] = [1, 1, 1]): boolean =>
    lengths.every((length, axis) => (size[axis]! - 1) * dilations[axis]! + 1 <= length)
  switch (block.kind) {
    case 'conv':
    case 'depthwise': {
      const { kernel, strides, padding, activation, useBias, filters, variational } = block
      const depthwise = block.kind === 'depthwise' && axes === 2
      // tfjs has no convolution with both.
      const dilations = depthwise || strides.slice(0, axes).some((stride) => stride > 1) ? [1, 1, 1] : block.dilations
      if (padding === 'valid' && !fits(kernel, dilations)) return x
      const common = { padding, activation: activation as 'relu', useBias }
      if (axes === 1) {
        const args = { ...common, filters, kernelSize: kernel[0]!, strides: strides[0]!, dilationRate: dilations[0]! }
        return apply(variational ? variationalConv1d({ ...args, estimator }) : tf.layers.conv1d(args))
      }
      if (axes === 3) {
        if (padding === 'same' && isDoubtful(lengths, kernel, strides)) return x
        const args = {
          ...common,
          filters,
          kernelSize: [...kernel] as [number, number, number],
          strides: [...strides] as [number, number, number],
        }
        return apply(tf.layers.conv3d(args))
      }
      const window = {
        kernelSize: kernel.slice(0, 2) as [number, number],
        strides: strides.slice(0, 2) as [number, number],
        dataFormat,
      }
      if (depthwise) {
        // tfjs takes one stride for both axes here.
        const args = { ...common, ...window, strides: [strides[0]!, strides[0]!] as [number, number], depthMultiplier: filters }
        return apply(variational ? variationalDepthwiseConv2d({ ...args, estimator }) : tf.layers.depthwiseConv2d(args))
      }
      const args = { ...common, ...window, filters, dilationRate: dilations.slice(0, 2) as [number, number] }
      return apply(variational ? variationalConv2d({ ...args, estimator }) : tf.layers.conv2d(args))
    }
    case 'maxPool':
    case 'averagePool': {
      const { size, strides, padding } = block
      if (padding === 'valid' && !fits(size)) return x
      const max = block.kind === 'maxPool'
      if (axes === 1) {
        const args = { poolSize: size[0]!, strides: strides[0]!, padding }
        return apply(max ? tf.layers.maxPooling1d(args) : tf.layers.averagePooling1d(args))
      }
      if (axes === 2) {
        const args = {
          poolSize: size.slice(0, 2) as [number, number],
          strides: strides.slice(0, 2) as [number, number],
          padding,
          dataFormat,
        }
        return apply(max ? tf.layers.maxPooling2d(args) : tf.layers.averagePooling2d(args))
      }
      if (padding === 'same' && isDoubtful(lengths, size, strides)) return x
      const args = { poolSize: [...size] as [number, number, number], strides: [...strides] as [number, number, number], padding }
      return apply(max ? tf.layers.maxPooling3d(args) : tf.layers.averagePooling3d(args))
    }
    case 'batchNormalization':
      // tfjs has none for five axes.
      if (axes === 3) return x
      return apply(
        tf.layers.batchNormalization({ axis: dataFormat === 'channelsFirst' ? 1 : -1, scale: block.scale, center: block.center }),
      )
    case 'activation':
      return apply(tf.layers.activation({ activation: block.name as 'relu' }))
    case 'residual': {
      const channels = (dataFormat === 'channelsFirst' ? x.shape[1] : x.shape.at(-1)) as number
      const branch =
        axes === 2
          ? apply(
              variationalConv2d({ filters: channels, kernelSize: 3, padding: 'same', activation: 'relu', dataFormat, estimator }),
            )
          : apply(tf.layers.activation({ activation: 'tanh' }))
      return tf.layers.add().apply([branch, x]) as tf.SymbolicTensor
    }
  }
}

/** Whether 'same' would take elements away along an axis: in three dimensions tfjs's backends disagree about which. */
function isDoubtful(lengths: readonly number[], size: readonly number[], strides: readonly number[]): boolean {
  return lengths.some((length, axis) => (Math.ceil(length / strides[axis]!) - 1) * strides[axis]! + size[axis]! < length)
}

function endOf(x: tf.SymbolicTensor, end: ImageSpec['end'], axes: 1 | 2 | 3, dataFormat: DataFormat): tf.SymbolicTensor {
  const layers = {
    flatten: () => tf.layers.flatten({ dataFormat }),
    globalMax: () => (axes === 1 ? tf.layers.globalMaxPooling1d({}) : tf.layers.globalMaxPooling2d({ dataFormat })),
    globalAverage: () => (axes === 1 ? tf.layers.globalAveragePooling1d({}) : tf.layers.globalAveragePooling2d({ dataFormat })),
  }
  return layers[end]().apply(x) as tf.SymbolicTensor
}
