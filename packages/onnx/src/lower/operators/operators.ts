import type * as tf from '@tensorflow/tfjs'
import type { Tape } from '../../ir/tape.ts'
import type { Value } from '../../ir/value.ts'
import type { LeadingAxes } from '../lowering.ts'
import type { SamplesAxis } from '../samplesAxis.ts'
import type { WeightData } from '../weights.ts'
import { convolution, depthwiseConvolution } from './convolution.ts'
import { denseProduct, denseProductOfDraws } from './denseProduct.ts'

/** What a layer does with its weights, as nodes: linear in the kernel, plus a bias. */
export interface OperatorLowering {
  readonly leadingAxes: LeadingAxes
  /** Why the layer's settings have no counterpart; undefined if they have. */
  readonly unsupported?: (config: tf.serialization.ConfigDict) => string | undefined
  /** The kernel, element by element, in the order in which `apply` wants it. */
  readonly arrange: (kernel: WeightData) => WeightData
  /** Appends op(x, kernel) + bias. */
  readonly apply: (tape: Tape, config: tf.serialization.ConfigDict, x: Value, kernel: Value, bias: Value | undefined) => Value
  /**
   * Appends the same with weights of their own for each draw.
   *
   * @param x [batch, ...], or [samples, batch, ...] if `drawn`
   * @param kernel [samples, ...], each arranged
   * @param bias [samples, units]
   * @returns [samples, batch, ...]
   */
  readonly applyDraws: (call: DrawnOperatorCall) => Value
}

export interface DrawnOperatorCall {
  readonly tape: Tape
  readonly config: tf.serialization.ConfigDict
  readonly x: Value
  readonly drawn: boolean
  readonly kernel: Value
  readonly bias: Value | undefined
  readonly samplesAxis: SamplesAxis
}

type OperatorName = 'dense' | 'conv1d' | 'conv2d' | 'conv3d' | 'depthwiseConv2d'

/** The operators by their names in `@tfjs-bayes/layers`; the layers of tfjs use them too. */
export const operators: Readonly<Record<OperatorName, OperatorLowering>> = {
  dense: {
    leadingAxes: 'any',
    arrange: (kernel) => kernel,
    apply: (tape, _, x, kernel, bias) => denseProduct(tape, x, kernel, bias),
    applyDraws: denseProductOfDraws,
  },
  conv1d: convolution(1),
  conv2d: convolution(2),
  conv3d: convolution(3),
  depthwiseConv2d: depthwiseConvolution,
}

/** The operator of a name; undefined if there is none. */
export function operatorOf(name: string): OperatorLowering | undefined {
  return Object.hasOwn(operators, name) ? operators[name as OperatorName] : undefined
}
