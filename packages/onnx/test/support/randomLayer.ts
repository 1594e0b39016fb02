import * as tf from '@tensorflow/tfjs'
import fc from 'fast-check'
import { activations } from './randomModel.ts'

/** A layer as data: its class and what its constructor gets; a layer inside is data too. */
export interface LayerSpec {
  readonly className: string
  readonly args: Readonly<Record<string, unknown>>
}

/** Makes the layer of a description. */
export function layerOf({ className, args }: LayerSpec): tf.layers.Layer {
  const [layerClass] = tf.serialization.SerializationMap.getMap().classNameMap[className] as unknown as [
    new (args: Readonly<Record<string, unknown>>) => tf.layers.Layer,
  ]
  return new layerClass(Object.fromEntries(Object.entries(args).map(([key, value]) => [key, argumentOf(value)])))
}

function argumentOf(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(argumentOf)
  return value !== null && typeof value === 'object' && 'className' in value ? layerOf(value as LayerSpec) : value
}

/** The names of the classes in a description, the outer one first. */
export function classNamesOf({ className, args }: LayerSpec): readonly string[] {
  const inner = Object.values(args)
    .flat()
    .filter((value) => value !== null && typeof value === 'object' && 'className' in value)
  return [className, ...inner.flatMap((value) => classNamesOf(value as LayerSpec))]
}

type Arguments = Record<string, fc.Arbitrary<unknown>>

const activation = fc.constantFrom(...activations)
const useBias = fc.boolean()
const units = fc.integer({ min: 1, max: 4 })
const padding = fc.constantFrom('valid', 'same')
const dataFormat = fc.constantFrom('channelsLast', 'channelsLast', 'channelsFirst')
const fraction = fc.constantFrom(0.1, 0.25, 0.5)

function numbers(count: number, min: number, max: number): fc.Arbitrary<number[]> {
  return fc.array(fc.integer({ min, max }), { minLength: count, maxLength: count })
}

/** tfjs has no convolution with both strides and dilations. */
function window(axes: number, dilates: boolean = true): Arguments {
  const settings = fc.oneof(
    fc.record({ strides: numbers(axes, 1, 3), dilationRate: fc.constant(Array<number>(axes).fill(1)) }),
    fc.record({ strides: fc.constant(Array<number>(axes).fill(1)), dilationRate: numbers(axes, 1, dilates ? 2 : 1) }),
  )
  return { kernelSize: numbers(axes, 1, 3), padding, activation, useBias, '...': settings }
}

/** A transposed convolution takes no dilations. */
function transposedWindow(axes: number): Arguments {
  return {
    kernelSize: numbers(axes, 1, 3),
    strides: numbers(axes, 1, 3),
    padding,
    activation,
    useBias,
    filters: units,
    dataFormat,
  }
}

function pool(axes: number): Arguments {
  const several = axes === 1 ? fc.integer({ min: 1, max: 3 }) : numbers(axes, 1, 3)
  const common = { poolSize: several, strides: several, padding }
  return axes === 1 ? common : { ...common, dataFormat }
}

function spec(className: string, args: Arguments = {}): fc.Arbitrary<LayerSpec> {
  return fc.record(args).map(({ '...': more, ...own }) => ({ className, args: { ...own, ...(more as object | undefined) } }))
}

function axesUpTo(rank: number): fc.Arbitrary<unknown> {
  const axis = fc.oneof(fc.integer({ min: 1, max: rank - 1 }), fc.integer({ min: 1 - rank, max: -1 }))
  return fc.oneof(axis, severalAxes(rank))
}

function severalAxes(rank: number): fc.Arbitrary<number[]> {
  const all = Array.from({ length: rank - 1 }, (_, index) => index + 1)
  return all.length === 1 ? fc.constant(all) : fc.subarray(all, { minLength: 2 })
}

/** Layers for a tensor of any rank, the batch counted. */
function anyRank(rank: number): Record<string, fc.Arbitrary<LayerSpec>> {
  return {
    Activation: spec('Activation', { activation }),
    AlphaDropout: spec('AlphaDropout', { rate: fraction }),
    // A batch normalization in tfjs takes up to four axes.
    ...(rank <= 4
      ? {
          BatchNormalization: spec('BatchNormalization', {
            axis: fc.oneof(fc.integer({ min: 1, max: rank - 1 }), fc.constant(-1)),
            scale: fc.boolean(),
            center: fc.boolean(),
          }),
        }
      : {}),
    Dense: spec('Dense', { units, activation, useBias }),
    ...(rank === 3 ? { Masking: spec('Masking', { maskValue: fc.constantFrom(0, 1) }) } : {}),
    Dropout: spec('Dropout', { rate: fraction }),
    ELU: spec('ELU'),
    GaussianDropout: spec('GaussianDropout', { rate: fraction }),
    GaussianNoise: spec('GaussianNoise', { stddev: fraction }),
    // tfjs normalizes up to four axes.
    ...(rank <= 4
      ? { LayerNormalization: spec('LayerNormalization', { axis: axesUpTo(rank), scale: fc.boolean(), center: fc.boolean() }) }
      : {}),
    LeakyReLU: spec('LeakyReLU', { alpha: fraction }),
    PReLU: spec('PReLU', {
      alphaInitializer: fc.constant('randomNormal'),
      sharedAxes: fc.subarray([1, 2, 3, 4].slice(0, rank - 1)),
    }),
    ReLU: spec('ReLU', { maxValue: fc.option(fraction, { nil: undefined }) }),
    Rescaling: spec('Rescaling', { scale: fraction, offset: fc.constantFrom(0, -0.5) }),
    // tfjs knows softmax along the last axis, or along several.
    Softmax: spec('Softmax', { axis: fc.oneof(fc.constantFrom(-1, rank - 1), severalAxes(rank)) }),
    ThresholdedReLU: spec('ThresholdedReLU', { theta: fraction }),
  }
}

const sigmoids = fc.constantFrom('sigmoid', 'hardSigmoid', 'sigmoid', 'softsign')
const walk: Arguments = { returnSequences: fc.boolean(), goBackwards: fc.boolean() }
const simpleCell: Arguments = { units, activation: fc.oneof(fc.constant('tanh'), activation), useBias }
const gatedCell: Arguments = { ...simpleCell, recurrentActivation: sigmoids }
const cell = fc.oneof(spec('SimpleRNNCell', simpleCell), spec('GRUCell', gatedCell), spec('LSTMCell', gatedCell))
const recurrentLayers = {
  SimpleRNN: spec('SimpleRNN', { ...simpleCell, ...walk }),
  GRU: spec('GRU', { ...gatedCell, ...walk }),
  LSTM: spec('LSTM', { ...gatedCell, ...walk }),
}

const edges = fc.tuple(fc.tuple(fc.nat(1), fc.nat(1)), fc.tuple(fc.nat(1), fc.nat(1)))

/** For each rank, the batch counted, the layers that take such a tensor; a setting that does not fit the tensor tfjs refuses. */
export const LAYERS_BY_RANK: Readonly<Record<number, Readonly<Record<string, fc.Arbitrary<LayerSpec>>>>> = {
  2: {
    ...anyRank(2),
    RepeatVector: spec('RepeatVector', { n: units }),
    Reshape: spec('Reshape', { targetShape: fc.constantFrom([-1, 1], [1, -1], [2, -1]) }),
  },
  3: {
    ...anyRank(3),
    AveragePooling1D: spec('AveragePooling1D', pool(1)),
    Bidirectional: spec('Bidirectional', {
      layer: fc.oneof(...Object.values(recurrentLayers)),
      mergeMode: fc.constantFrom('concat', 'sum', 'ave', 'mul'),
    }),
    Conv1D: spec('Conv1D', { ...window(1), filters: units }),
    Flatten: spec('Flatten', { dataFormat }),
    GlobalAveragePooling1D: spec('GlobalAveragePooling1D'),
    GlobalMaxPooling1D: spec('GlobalMaxPooling1D'),
    MaxPooling1D: spec('MaxPooling1D', pool(1)),
    Permute: spec('Permute', { dims: fc.constantFrom([1, 2], [2, 1]) }),
    RNN: spec('RNN', {
      cell: fc.oneof(cell, spec('StackedRNNCells', { cells: fc.array(cell, { minLength: 1, maxLength: 3 }) })),
      ...walk,
    }),
    ...recurrentLayers,
    SpatialDropout1D: spec('SpatialDropout1D', { rate: fraction }),
    TimeDistributed: spec('TimeDistributed', { layer: fc.oneof(spec('Dense', { units, activation, useBias }), spec('ReLU')) }),
  },
  4: {
    ...anyRank(4),
    AveragePooling2D: spec('AveragePooling2D', pool(2)),
    Conv2D: spec('Conv2D', { ...window(2), filters: units, dataFormat }),
    Conv2DTranspose: spec('Conv2DTranspose', transposedWindow(2)),
    Cropping2D: spec('Cropping2D', { cropping: edges, dataFormat }),
    DepthwiseConv2D: spec('DepthwiseConv2D', {
      kernelSize: numbers(2, 1, 3),
      // tfjs takes one stride for both axes here, and no dilations.
      strides: fc.constantFrom([1, 1], [2, 2]),
      padding,
      activation,
      useBias,
      dataFormat,
      depthMultiplier: fc.integer({ min: 1, max: 2 }),
    }),
    Flatten: spec('Flatten', { dataFormat }),
    GlobalAveragePooling2D: spec('GlobalAveragePooling2D', { dataFormat }),
    GlobalMaxPooling2D: spec('GlobalMaxPooling2D', { dataFormat }),
    MaxPooling2D: spec('MaxPooling2D', pool(2)),
    Permute: spec('Permute', { dims: fc.constantFrom([1, 2, 3], [3, 1, 2], [2, 1, 3]) }),
    SeparableConv2D: spec('SeparableConv2D', {
      kernelSize: numbers(2, 1, 3),
      strides: fc.constantFrom([1, 1], [2, 2]),
      padding,
      activation,
      filters: units,
      depthMultiplier: fc.integer({ min: 1, max: 2 }),
      '...': fc.oneof(fc.record({ dataFormat, useBias: fc.constant(false) }), fc.constant({ useBias: true })),
    }),
    TimeDistributed: spec('TimeDistributed', {
      layer: fc.oneof(spec('Conv1D', { ...window(1), filters: units }), spec('Flatten'), recurrentLayers.LSTM),
    }),
    UpSampling2D: spec('UpSampling2D', {
      size: numbers(2, 1, 3),
      interpolation: fc.constantFrom('nearest', 'bilinear'),
      dataFormat,
    }),
    ZeroPadding2D: spec('ZeroPadding2D', { padding: edges, dataFormat }),
  },
  5: {
    ...anyRank(5),
    AveragePooling3D: spec('AveragePooling3D', pool(3)),
    // tfjs's native backend has no dilations here.
    Conv3D: spec('Conv3D', { ...window(3, false), filters: units, dataFormat }),
    Conv3DTranspose: spec('Conv3DTranspose', transposedWindow(3)),
    ConvLSTM2D: spec('ConvLSTM2D', {
      kernelSize: numbers(2, 1, 3),
      filters: fc.integer({ min: 1, max: 2 }),
      strides: fc.constantFrom([1, 1], [2, 2]),
      padding,
      activation: fc.constantFrom('tanh', 'relu'),
      recurrentActivation: sigmoids,
      useBias,
      ...walk,
    }),
    Flatten: spec('Flatten', { dataFormat }),
    MaxPooling3D: spec('MaxPooling3D', pool(3)),
    Permute: spec('Permute', { dims: fc.constantFrom([1, 2, 3, 4], [4, 1, 2, 3], [3, 2, 1, 4]) }),
    TimeDistributed: spec('TimeDistributed', {
      layer: fc.oneof(
        spec('MaxPooling2D', pool(2)),
        spec('Conv2D', { ...window(2), filters: units }),
        spec('GlobalMaxPooling2D'),
      ),
    }),
  },
}

/** The layers that make one tensor of two. */
export const MERGES: readonly string[] = ['Add', 'Multiply', 'Average', 'Maximum', 'Minimum', 'Concatenate', 'Dot']

/** Merging layers for two tensors of a rank. */
export function mergesForRank(rank: number): Readonly<Record<string, fc.Arbitrary<LayerSpec>>> {
  const axis = fc.integer({ min: 1, max: rank - 1 })
  return Object.fromEntries(
    MERGES.filter((name) => name !== 'Dot' || rank <= 3).map((name) => [
      name,
      spec(name, name === 'Concatenate' ? { axis } : name === 'Dot' ? { axes: axis, normalize: fc.boolean() } : {}),
    ]),
  )
}

/** Any layer for a tensor of a rank. */
export function layerForRank(rank: number): fc.Arbitrary<LayerSpec> {
  return fc.oneof(...Object.values(LAYERS_BY_RANK[rank]!))
}
