import * as tf from '@tensorflow/tfjs'
import type { LinearOperator } from './linearOperator.ts'

/** What the convolutions have in common, one number for each spatial axis. */
export interface Convolution {
  readonly kernelSize: readonly number[]
  readonly strides: readonly number[]
  readonly dilationRate: readonly number[]
  readonly padding: 'valid' | 'same'
  readonly dataFormat: 'channelsLast' | 'channelsFirst'
}

/** The axis of the channels in a data format. */
export function channelAxisOf({ dataFormat }: Convolution): -1 | 1 {
  return dataFormat === 'channelsFirst' ? 1 : -1
}

/**
 * A convolution whose every filter sees all channels: x [batch, ...sizes, inputs] and kernel [...kernelSize, inputs, filters] give
 * [batch, ...sizes', filters].
 *
 * @param convolve the convolution of an input with its channels last and a kernel that is dilated already
 */
export function filtersOperator(
  name: string,
  filters: number,
  convolution: Convolution,
  convolve: (x: tf.Tensor, kernel: tf.Tensor) => tf.Tensor,
): LinearOperator {
  const { kernelSize, dilationRate } = convolution
  const channelAxis = channelAxisOf(convolution)
  return {
    name,
    channelAxis,
    inputRank: kernelSize.length + 2,
    kernelShape: (inputShape) => [...kernelSize, inputShape.at(channelAxis)!, filters],
    biasShape: () => [filters],
    apply: (x, kernel, bias) =>
      channelsLast(convolution, x, {
        shapeOf: (shape) => [...convolvedSizes(convolution, shape.slice(0, -1)), filters],
        convolve: (last) => {
          const y = convolve(last, dilate(kernel, dilationRate))
          return bias === undefined ? y : y.add(bias)
        },
      }),
  }
}

/** The sizes of the spatial axes that a convolution makes of those of its input. */
export function convolvedSizes({ kernelSize, strides, dilationRate, padding }: Convolution, sizes: readonly number[]): number[] {
  return sizes.map((size, axis) => {
    const reach = padding === 'same' ? 1 : (kernelSize[axis]! - 1) * dilationRate[axis]! + 1
    return Math.ceil((size - reach + 1) / strides[axis]!)
  })
}

/** How a convolution with the channels in the last axis is run. */
interface ChannelsLastRun {
  readonly convolve: (x: tf.Tensor) => tf.Tensor
  /** The shape of the output without the batch, of that of the input without it. */
  readonly shapeOf: (inputShape: readonly number[]) => number[]
}

/**
 * Runs a convolution with the channels in the last axis, which is how tfjs's backends know it, whatever the format of the layer.
 *
 * An empty batch is not handed to them: TensorFlow's kernels with oneDNN give it the shape of the input, others refuse it.
 */
export function channelsLast({ dataFormat }: Convolution, x: tf.Tensor, { convolve, shapeOf }: ChannelsLastRun): tf.Tensor {
  const run = (last: tf.Tensor): tf.Tensor =>
    last.size === 0 ? tf.zeros([last.shape[0]!, ...shapeOf(last.shape.slice(1))]) : convolve(last)
  if (dataFormat === 'channelsLast') return run(x)
  const spatial = Array.from({ length: x.rank - 2 }, (_, axis) => axis + 1)
  const last = permute(x, [0, ...spatial.map((axis) => axis + 1), 1])
  return permute(run(last), [0, x.rank - 1, ...spatial])
}

/** tf.transpose, also of an empty batch: tfjs's wasm kernel divides by zero there. */
function permute(x: tf.Tensor, axes: number[]): tf.Tensor {
  return x.size === 0 ? x.reshape(axes.map((axis) => x.shape[axis]!)) : x.transpose(axes)
}

/**
 * The kernel with zeros between its taps: an ordinary convolution with it is the dilated one with the kernel. tfjs has no gradient of dilated
 * convolutions.
 *
 * @param kernel spatial axes first
 * @param rates >= 1, one for each spatial axis
 */
export function dilate(kernel: tf.Tensor, rates: readonly number[]): tf.Tensor {
  return rates.reduce((dilated, rate, axis) => (rate === 1 ? dilated : dilateAxis(dilated, rate, axis)), kernel)
}

function dilateAxis(kernel: tf.Tensor, rate: number, axis: number): tf.Tensor {
  const taps = kernel.shape[axis]!
  const [before, after] = [kernel.shape.slice(0, axis), kernel.shape.slice(axis + 1)]
  const padded = kernel.reshape([tf.util.sizeFromShape([...before, taps]), 1, tf.util.sizeFromShape(after)]).pad([
    [0, 0],
    [0, rate - 1],
    [0, 0],
  ])
  const spread = padded.reshape([...before, taps * rate, ...after])
  const size = [...before, (taps - 1) * rate + 1, ...after]
  return spread.slice(
    size.map(() => 0),
    size,
  )
}
