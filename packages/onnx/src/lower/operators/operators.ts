import type * as tf from '@tensorflow/tfjs'
import type { Tape } from '../../ir/tape.ts'
import type { Value } from '../../ir/value.ts'
import type { Slot } from '../../plan/modelPlan.ts'
import type { LeadingAxes } from '../lowering.ts'
import type { SamplesAxis } from '../samplesAxis.ts'
import type { WeightData } from '../weights.ts'
import { convolution, depthwiseConvolution } from './convolution.ts'
import { denseProduct, denseProductOfDraws } from './denseProduct.ts'
import { embedding } from './embedding.ts'
import { transposedConvolution } from './transposedConvolution.ts'

/** What a layer does with its weights, as nodes: linear in the kernel, plus a bias. */
export interface OperatorLowering {
  readonly leadingAxes: LeadingAxes
  /** Why the layer's settings have no counterpart; undefined if they have. */
  readonly unsupported?: (config: tf.serialization.ConfigDict, input: Slot) => string | undefined
  /** For the documentation: what of the layer's settings has no counterpart. */
  readonly limits?: string
  /** Whether the input holds indices of rows of the kernel: each stands for a one-hot vector, which is its own square. Default false. */
  readonly takesIndices?: boolean
  /** How many products a pre-activation sums, by the shape of the kernel in tfjs. */
  readonly fanIn: (kernelShape: readonly number[]) => number
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

type OperatorName =
  | 'dense'
  | 'conv1d'
  | 'conv2d'
  | 'conv3d'
  | 'depthwiseConv2d'
  | 'conv2dTranspose'
  | 'conv3dTranspose'
  | 'embedding'

/** One of the operators that a layer applies after each other. */
export interface Stage {
  readonly operator: OperatorLowering
  /** The name of its kernel among the layer's weights. */
  readonly weight: string
}

/** The operators by their names in `@tfjs-bayes/layers`; the layers of tfjs use them too. */
export const operators: Readonly<Record<OperatorName, OperatorLowering>> = {
  dense: {
    leadingAxes: 'any',
    fanIn: ([inputs]) => inputs!,
    arrange: (kernel) => kernel,
    apply: (tape, _, x, kernel, bias) => denseProduct(tape, x, kernel, bias),
    applyDraws: denseProductOfDraws,
  },
  conv1d: convolution(1),
  conv2d: convolution(2),
  conv3d: convolution(3),
  depthwiseConv2d: depthwiseConvolution,
  conv2dTranspose: transposedConvolution(2),
  conv3dTranspose: transposedConvolution(3),
  embedding,
}

/** Mixes the channels of each position: the second half of a separable convolution, whose window is the first half's. */
export const pointwiseConvolution: OperatorLowering = withConfig(operators.conv2d, {
  kernelSize: [1, 1],
  strides: [1, 1],
  dilationRate: [1, 1],
  padding: 'valid',
})

/**
 * What a Bayesian layer does, by its operator's name in `@tfjs-bayes/layers`.
 *
 * @returns the operators in the order in which they are applied, the bias with the last; undefined where there is no such operator
 */
export function stagesOf(name: string): readonly Stage[] | undefined {
  if (name === 'separableConv2d') {
    return [
      { operator: depthwiseConvolution, weight: 'depthwise' },
      { operator: pointwiseConvolution, weight: 'kernel' },
    ]
  }
  return Object.hasOwn(operators, name) ? [{ operator: operators[name as OperatorName], weight: 'kernel' }] : undefined
}

/** An operator whose layer writes some settings for another one. */
function withConfig(operator: OperatorLowering, settings: tf.serialization.ConfigDict): OperatorLowering {
  return {
    ...operator,
    apply: (tape, config, x, kernel, bias) => operator.apply(tape, { ...config, ...settings }, x, kernel, bias),
    applyDraws: (call) => operator.applyDraws({ ...call, config: { ...call.config, ...settings } }),
  }
}
