import * as tf from '@tensorflow/tfjs'
import {
  type EstimatorName,
  type VariationalLayer,
  variationalConv1d,
  variationalConv2d,
  variationalConv2dTranspose,
  variationalDense,
  variationalDepthwiseConv2d,
  variationalEmbedding,
  variationalSeparableConv2d,
} from '@tfjs-bayes/layers'
import fc from 'fast-check'
import { normals, uniform } from './random.ts'
import { activations, randomizeWeights } from './randomModel.ts'

/** The Bayesian layers of `@tfjs-bayes/layers`, by their operators' names. */
export const operatorNames = [
  'dense',
  'conv1d',
  'conv2d',
  'depthwiseConv2d',
  'separableConv2d',
  'conv2dTranspose',
  'embedding',
] as const
export type OperatorName = (typeof operatorNames)[number]

/** One Bayesian layer with random settings, on rows or on draws. */
export interface OperatorSpec {
  readonly operator: OperatorName
  readonly sizes: readonly number[]
  readonly channels: number
  readonly filters: number
  readonly multiplier: number
  readonly kernel: readonly number[]
  readonly strides: readonly number[]
  readonly dilations: readonly number[]
  readonly padding: 'valid' | 'same'
  readonly channelsFirst: boolean
  readonly activation: string
  readonly useBias: boolean
  /** Whether another Bayesian layer stands before it, so that it gets draws. */
  readonly drawn: boolean
  readonly seed: number
}

export function operatorSpec(operator: OperatorName): fc.Arbitrary<OperatorSpec> {
  const pair = (min: number, max: number): fc.Arbitrary<number[]> =>
    fc.array(fc.integer({ min, max }), { minLength: 2, maxLength: 2 })
  return fc
    .record({
      operator: fc.constant(operator),
      sizes: pair(1, 6),
      channels: fc.integer({ min: 1, max: 3 }),
      filters: fc.integer({ min: 1, max: 3 }),
      multiplier: fc.integer({ min: 1, max: 2 }),
      kernel: pair(1, 4),
      strides: pair(1, 3),
      dilations: pair(1, 2),
      padding: fc.constantFrom<('valid' | 'same')[]>('valid', 'same'),
      channelsFirst: fc.boolean(),
      activation: fc.constantFrom(...activations.filter((name) => !name.toLowerCase().includes('softmax'))),
      useBias: fc.boolean(),
      drawn: fc.boolean(),
      seed: fc.nat(),
    })
    .map(settled)
}

/** What tfjs can do: windows that fit, no stride beside a dilation, one stride for depthwise convolutions. */
function settled(spec: OperatorSpec): OperatorSpec {
  const depthwise = spec.operator === 'depthwiseConv2d' || spec.operator === 'separableConv2d'
  const strides = depthwise ? [spec.strides[0]!, spec.strides[0]!] : spec.strides
  const dilations = depthwise || strides.some((stride) => stride > 1) ? [1, 1] : spec.dilations
  const sizes = spec.sizes.map((size, axis) => Math.max(size, (spec.kernel[axis]! - 1) * dilations[axis]! + 1))
  const channelsFirst = spec.channelsFirst && ['conv2d', 'depthwiseConv2d', 'conv2dTranspose'].includes(spec.operator)
  return { ...spec, strides, dilations, sizes, channelsFirst, drawn: spec.drawn && spec.operator !== 'embedding' }
}

/** The shape of one row of its input. */
export function inputShape({ operator, sizes, channels, channelsFirst }: OperatorSpec): number[] {
  if (operator === 'dense') return sizes[0]! > 3 ? [channels] : [sizes[0]!, channels]
  if (operator === 'embedding') return [sizes[0]!]
  const spatial = operator === 'conv1d' ? sizes.slice(0, 1) : sizes
  return channelsFirst ? [channels, ...spatial] : [...spatial, channels]
}

/** Some rows: numbers, or indices. */
export function operatorInput(spec: OperatorSpec, rows: number): Float32Array {
  const size = rows * inputShape(spec).reduce((a, b) => a * b, 1)
  if (spec.operator !== 'embedding') return normals(size, spec.seed + 1)
  const next = uniform(spec.seed + 1)
  return Float32Array.from({ length: size }, () => Math.floor(next() * vocabulary(spec)))
}

/** The layer as a model, its output laid flat. */
export function buildOperatorModel(spec: OperatorSpec, estimator: EstimatorName): tf.LayersModel {
  const input = tf.input({ shape: inputShape(spec) })
  const before = variationalDense({ units: inputShape(spec).at(-1)!, estimator, activation: 'tanh' })
  const x = spec.drawn ? (before.apply(input) as tf.SymbolicTensor) : input
  const y = layerOf(spec, estimator).apply(x) as tf.SymbolicTensor
  const outputs = y.shape.length > 2 ? (tf.layers.flatten().apply(y) as tf.SymbolicTensor) : y
  const model = tf.model({ inputs: input, outputs })
  randomizeWeights(model, spec.seed)
  return model
}

function vocabulary({ filters, channels }: OperatorSpec): number {
  return 2 + filters * channels
}

function layerOf(spec: OperatorSpec, estimator: EstimatorName): VariationalLayer {
  const { operator, filters, multiplier, kernel, strides, dilations, padding, channelsFirst, useBias } = spec
  const activation = spec.activation as 'relu'
  const dataFormat = channelsFirst ? 'channelsFirst' : 'channelsLast'
  const common = { activation, useBias, estimator }
  const window = { kernelSize: [...kernel] as [number, number], strides: [...strides] as [number, number], padding }
  switch (operator) {
    case 'dense':
      return variationalDense({ ...common, units: filters })
    case 'conv1d':
      return variationalConv1d({
        ...common,
        filters,
        padding,
        kernelSize: kernel[0]!,
        strides: strides[0]!,
        dilationRate: dilations[0]!,
      })
    case 'conv2d':
      return variationalConv2d({ ...common, ...window, filters, dataFormat, dilationRate: [...dilations] as [number, number] })
    case 'depthwiseConv2d':
      return variationalDepthwiseConv2d({ ...common, ...window, depthMultiplier: multiplier, dataFormat })
    case 'separableConv2d':
      return variationalSeparableConv2d({ ...common, ...window, filters, depthMultiplier: multiplier })
    case 'conv2dTranspose':
      return variationalConv2dTranspose({ ...common, ...window, filters, dataFormat })
    case 'embedding':
      if (estimator === 'flipout') throw new Error('An embedding has no flipout.')
      return variationalEmbedding({ inputDim: vocabulary(spec), outputDim: filters, estimator })
  }
}
