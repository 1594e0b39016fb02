import { conv2dOperator } from './conv2dOperator.ts'
import type { Convolution } from './convolution.ts'
import { depthwiseConv2dOperator } from './depthwiseConv2dOperator.ts'
import type { LinearOperator, Operator } from './linearOperator.ts'

/** The two linear operators of a separable convolution: it is linear in each kernel, not in both at once. */
export interface SeparableConv2dOperator extends Operator {
  /** x and kernel [h, w, inputs, multiplier] give [batch, height', width', inputs * multiplier]. */
  readonly depthwise: LinearOperator
  /** Those and kernel [1, 1, inputs * multiplier, filters] give [batch, height', width', filters]. */
  readonly pointwise: LinearOperator
}

/** The convolution of each channel by itself, followed by one that mixes the channels of each position; channels last. */
export function separableConv2dOperator(
  filters: number,
  depthMultiplier: number,
  convolution: Convolution,
): SeparableConv2dOperator {
  const ones = [1, 1] as const
  const pointwise = conv2dOperator(filters, { ...convolution, kernelSize: ones, strides: ones, dilationRate: ones })
  return {
    name: 'separableConv2d',
    channelAxis: -1,
    inputRank: 4,
    depthwise: depthwiseConv2dOperator(depthMultiplier, convolution),
    // Its input is the depthwise convolution's output, but a layer knows its own input only.
    pointwise: { ...pointwise, kernelShape: (inputShape) => [...ones, inputShape.at(-1)! * depthMultiplier, filters] },
  }
}
