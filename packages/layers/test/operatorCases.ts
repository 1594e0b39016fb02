import * as tf from '@tensorflow/tfjs'
import {
  type EstimatorOptions,
  type VariationalEmbeddingArgs,
  type VariationalLayer,
  type VariationalOptions,
  variationalConv1d,
  variationalConv2d,
  variationalConv2dTranspose,
  variationalDense,
  variationalDepthwiseConv2d,
  variationalEmbedding,
  variationalSeparableConv2d,
} from '../src/index.ts'
import { naiveConv1d, naiveConv2d, naiveConv2dTranspose } from './naiveConvolution.ts'
import { normal, type Values } from './values.ts'

type TwinOptions = {
  readonly useBias?: boolean
  readonly activation?: 'tanh' | 'relu'
  readonly name?: string
  readonly trainable?: boolean
  readonly weights?: tf.Tensor[]
}

/** One layer with small sizes. */
export interface LayerCase {
  readonly title: string
  /** Without the batch. */
  readonly inputShape: readonly number[]
  readonly make: (options: VariationalOptions & EstimatorOptions & TwinOptions) => VariationalLayer
  /** The deterministic layer of tfjs. */
  readonly twin: (options: TwinOptions) => tf.layers.Layer
  /** Symbolic shapes: input, output. */
  readonly shapes: readonly (readonly [tf.Shape, tf.Shape])[]
  /** What has a posterior, in the order of the twin's weights. */
  readonly weights: readonly string[]
  /** Whether inputs are indices: no numbers to take squares, signs or gradients of. */
  readonly takesIndices?: boolean
}

/** A layer that is one linear operator, and what it must do in plain numbers. Every row of the list goes through every test of operator x estimator. */
export interface OperatorCase extends LayerCase {
  readonly channelAxis: -1 | 1
  /** op(x, kernel) + bias by loops. */
  readonly naive: (x: Values, kernel: Values, bias: Values | undefined) => Values
  /** The kernels of tfjs without which its backend has no gradient of this operator. */
  readonly gradientKernels: readonly string[]
  /** Whether it has neither bias nor activation. */
  readonly kernelOnly?: boolean
  /** tfjs cannot train dilated convolutions; ours can. */
  readonly twinHasNoGradient?: boolean
}

const conv2dKernels = ['Conv2DBackpropFilter', 'Conv2DBackpropInput']
const depthwiseKernels = ['DepthwiseConv2dNativeBackpropFilter', 'DepthwiseConv2dNativeBackpropInput']
const strided = {
  filters: 3,
  kernelSize: [3, 2] as [number, number],
  strides: [2, 1] as [number, number],
  padding: 'same' as const,
}
const dilated = { filters: 2, kernelSize: 2, dilationRate: [2, 1] as [number, number] }
const channelsFirst = { filters: 2, kernelSize: 2, dataFormat: 'channelsFirst' as const }
const depthwise = { kernelSize: 2, depthMultiplier: 2, strides: [2, 2] as [number, number], padding: 'same' as const }
const depthwiseFirst = { kernelSize: 2, depthMultiplier: 2, dataFormat: 'channelsFirst' as const }
const upsampling = { filters: 3, kernelSize: [3, 2] as [number, number], strides: [2, 1] as [number, number] }
const sequence = { filters: 3, kernelSize: 3, strides: 2, padding: 'same' as const }
const wavenet = { filters: 2, kernelSize: 2, dilationRate: 3 }

export const operatorCases: readonly OperatorCase[] = [
  {
    title: 'dense',
    inputShape: [4],
    channelAxis: -1,
    weights: ['kernel', 'bias'],
    make: (options) => variationalDense({ units: 3, ...options }),
    twin: (options) => tf.layers.dense({ units: 3, ...options }),
    naive: naiveDense,
    shapes: [
      [
        [null, 4],
        [null, 3],
      ],
      [
        [7, 4],
        [7, 3],
      ],
    ],
    gradientKernels: [],
  },
  {
    title: 'dense over the last of three axes',
    inputShape: [2, 4],
    channelAxis: -1,
    weights: ['kernel', 'bias'],
    make: (options) => variationalDense({ units: 3, ...options }),
    twin: (options) => tf.layers.dense({ units: 3, ...options }),
    naive: naiveDense,
    shapes: [
      [
        [null, 2, 4],
        [null, 2, 3],
      ],
      [
        [null, null, 4],
        [null, null, 3],
      ],
      [
        [5, 6, 2, 4],
        [5, 6, 2, 3],
      ],
    ],
    gradientKernels: [],
  },
  {
    title: 'conv1d with strides and padding',
    inputShape: [5, 2],
    channelAxis: -1,
    weights: ['kernel', 'bias'],
    make: (options) => variationalConv1d({ ...sequence, ...options }),
    twin: (options) => tf.layers.conv1d({ ...sequence, ...options }),
    naive: naiveConv1d({ stride: 2, padding: 'same' }),
    shapes: [
      [
        [null, 5, 2],
        [null, 3, 3],
      ],
      [
        [null, null, 2],
        [null, null, 3],
      ],
    ],
    gradientKernels: conv2dKernels,
  },
  {
    title: 'conv1d with dilation',
    twinHasNoGradient: true,
    inputShape: [6, 2],
    channelAxis: -1,
    weights: ['kernel', 'bias'],
    make: (options) => variationalConv1d({ ...wavenet, ...options }),
    twin: (options) => tf.layers.conv1d({ ...wavenet, ...options }),
    naive: naiveConv1d({ dilation: 3 }),
    shapes: [
      [
        [null, 6, 2],
        [null, 3, 2],
      ],
    ],
    gradientKernels: conv2dKernels,
  },
  {
    title: 'conv2d with strides and padding',
    inputShape: [4, 3, 2],
    channelAxis: -1,
    weights: ['kernel', 'bias'],
    make: (options) => variationalConv2d({ ...strided, ...options }),
    twin: (options) => tf.layers.conv2d({ ...strided, ...options }),
    naive: naiveConv2d({ strides: [2, 1], padding: 'same' }),
    shapes: [
      [
        [null, 4, 3, 2],
        [null, 2, 3, 3],
      ],
      [
        [null, null, null, 2],
        [null, null, null, 3],
      ],
      [
        [5, 28, 28, 1],
        [5, 14, 28, 3],
      ],
    ],
    gradientKernels: conv2dKernels,
  },
  {
    title: 'conv2d with dilation',
    twinHasNoGradient: true,
    inputShape: [4, 3, 2],
    channelAxis: -1,
    weights: ['kernel', 'bias'],
    make: (options) => variationalConv2d({ ...dilated, ...options }),
    twin: (options) => tf.layers.conv2d({ ...dilated, ...options }),
    naive: naiveConv2d({ dilation: [2, 1] }),
    shapes: [
      [
        [null, 4, 3, 2],
        [null, 2, 2, 2],
      ],
    ],
    gradientKernels: conv2dKernels,
  },
  {
    title: 'conv2d with channels first',
    inputShape: [2, 3, 4],
    channelAxis: 1,
    weights: ['kernel', 'bias'],
    make: (options) => variationalConv2d({ ...channelsFirst, ...options }),
    twin: (options) => tf.layers.conv2d({ ...channelsFirst, ...options }),
    naive: naiveConv2d({ channelsFirst: true }),
    shapes: [
      [
        [null, 2, 3, 4],
        [null, 2, 2, 3],
      ],
    ],
    gradientKernels: conv2dKernels,
  },
  {
    title: 'depthwiseConv2d',
    inputShape: [3, 3, 2],
    channelAxis: -1,
    weights: ['kernel', 'bias'],
    make: (options) => variationalDepthwiseConv2d({ ...depthwise, ...options }),
    twin: (options) => tf.layers.depthwiseConv2d({ ...depthwise, ...options }),
    naive: naiveConv2d({ strides: [2, 2], padding: 'same', depthwise: true }),
    shapes: [
      [
        [null, 3, 3, 2],
        [null, 2, 2, 4],
      ],
      [
        [6, 5, 4, 3],
        [6, 3, 2, 6],
      ],
    ],
    gradientKernels: depthwiseKernels,
  },
  {
    title: 'depthwiseConv2d with channels first',
    inputShape: [2, 3, 3],
    channelAxis: 1,
    weights: ['kernel', 'bias'],
    make: (options) => variationalDepthwiseConv2d({ ...depthwiseFirst, ...options }),
    twin: (options) => tf.layers.depthwiseConv2d({ ...depthwiseFirst, ...options }),
    naive: naiveConv2d({ depthwise: true, channelsFirst: true }),
    shapes: [
      [
        [null, 2, 3, 3],
        [null, 4, 2, 2],
      ],
    ],
    gradientKernels: depthwiseKernels,
  },
  {
    title: 'conv2dTranspose with strides and padding',
    inputShape: [2, 3, 2],
    channelAxis: -1,
    weights: ['kernel', 'bias'],
    make: (options) => variationalConv2dTranspose({ ...upsampling, padding: 'same', ...options }),
    twin: (options) => tf.layers.conv2dTranspose({ ...upsampling, padding: 'same', ...options }),
    naive: naiveConv2dTranspose({ strides: [2, 1], padding: 'same' }),
    shapes: [
      [
        [null, 2, 3, 2],
        [null, 4, 3, 3],
      ],
      [
        [5, 7, 7, 4],
        [5, 14, 7, 3],
      ],
    ],
    gradientKernels: conv2dKernels,
  },
  {
    title: 'conv2dTranspose with channels first',
    inputShape: [2, 2, 3],
    channelAxis: 1,
    weights: ['kernel', 'bias'],
    make: (options) => variationalConv2dTranspose({ ...channelsFirst, ...options }),
    twin: (options) => tf.layers.conv2dTranspose({ ...channelsFirst, ...options }),
    naive: naiveConv2dTranspose({ channelsFirst: true }),
    shapes: [
      [
        [null, 2, 2, 3],
        [null, 2, 3, 4],
      ],
    ],
    gradientKernels: conv2dKernels,
  },
  {
    title: 'embedding',
    takesIndices: true,
    kernelOnly: true,
    inputShape: [3],
    channelAxis: -1,
    weights: ['kernel'],
    make: (options) => variationalEmbedding({ inputDim: 4, outputDim: 2, ...options } as VariationalEmbeddingArgs),
    twin: () => tf.layers.embedding({ inputDim: 4, outputDim: 2 }),
    naive: (x, kernel) => ({
      shape: [...x.shape, 2],
      data: x.data.flatMap((index) => kernel.data.slice(2 * index, 2 * index + 2)),
    }),
    shapes: [
      [
        [null, 3],
        [null, 3, 2],
      ],
      [
        [null, null],
        [null, null, 2],
      ],
      [
        [5, 2, 7],
        [5, 2, 7, 2],
      ],
    ],
    gradientKernels: ['UnsortedSegmentSum'],
  },
]

const separable = { filters: 3, kernelSize: 2, depthMultiplier: 2, strides: [2, 2] as [number, number], padding: 'same' as const }

/** Every layer, those of several operators included: what all must do. */
export const layerCases: readonly LayerCase[] = [
  ...operatorCases,
  {
    title: 'separableConv2d',
    inputShape: [4, 3, 2],
    weights: ['depthwise', 'kernel', 'bias'],
    make: (options) => variationalSeparableConv2d({ ...separable, ...options }),
    twin: (options) => tf.layers.separableConv2d({ ...separable, ...options }),
    shapes: [
      [
        [null, 4, 3, 2],
        [null, 2, 2, 3],
      ],
      [
        [null, null, null, 2],
        [null, null, null, 3],
      ],
      [
        [6, 5, 4, 3],
        [6, 3, 2, 3],
      ],
    ],
  },
]

/** A batch of inputs of a seed. */
export function inputOf({ inputShape, takesIndices }: LayerCase, batch: number, seed: number): tf.Tensor {
  const x = normal([batch, ...inputShape], seed)
  return takesIndices ? x.abs().mul(10).floor().mod(4) : x
}

function naiveDense(x: Values, kernel: Values, bias: Values | undefined): Values {
  const inputs = kernel.shape[0]!
  const units = kernel.shape[1]!
  const rows = x.data.length / inputs
  const data: number[] = []
  for (let row = 0; row < rows; row++) {
    for (let unit = 0; unit < units; unit++) {
      let sum = bias?.data[unit] ?? 0
      for (let i = 0; i < inputs; i++) sum += x.data[row * inputs + i]! * kernel.data[i * units + unit]!
      data.push(sum)
    }
  }
  return { shape: [...x.shape.slice(0, -1), units], data }
}
