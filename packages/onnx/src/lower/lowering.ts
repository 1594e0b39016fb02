import type * as tf from '@tensorflow/tfjs'
import type { Tape } from '../ir/tape.ts'
import type { Value } from '../ir/value.ts'
import type { Slot } from '../plan/modelPlan.ts'
import type { Uncertain } from './moments/gaussianMoments.ts'
import type { WeightData } from './weights.ts'

/**
 * What a lowering can take in front of the axes that tfjs knows. When draws are made inside the graph, every tensor behind the first Bayesian
 * layer has S of them:
 *
 * - `broadcast`: works on [batch, ...] and on [samples, batch, ...], also with inputs of both kinds, since it is elementwise;
 * - `any`: works on either, all inputs alike: it counts axes from the end;
 * - `batch`: knows only [batch, ...]; the samples are folded into the batch for it.
 */
export type LeadingAxes = 'broadcast' | 'any' | 'batch'

/** How a layer is written as ONNX. A recurrent cell is one too: its inputs are [x, ...states], its outputs [output, ...states]. */
export interface Lowering {
  readonly leadingAxes: LeadingAxes
  /** Why this layer's settings have no counterpart; undefined if they have. Asked before any work. */
  readonly unsupported?: (call: UnloweredCall) => string | undefined
  /** Appends the layer's nodes to the tape; gives its output, or its outputs. */
  readonly lower: (call: LoweringCall) => Value | readonly Value[]
  /**
   * For mode `moments`: what becomes of means and variances, the elements of the inputs taken for normal and independent. Without it the layer cannot
   * stand behind a Bayesian one in that mode.
   */
  readonly moments?: (call: MomentsCall) => Uncertain
  /** Why the layer's settings have no counterpart in mode `moments`; undefined if they have. */
  readonly unsupportedMoments?: (call: UnloweredCall) => string | undefined
  /** Whether integers come as they are, if all inputs are, not as float numbers. Default false. */
  readonly takesIntegers?: boolean
  /** Whether the input holds indices, which come as they are, float or integer, and are never rounded to float16. Default false. */
  readonly takesIndices?: boolean
  /** What the layer does with the mask of its input, in tfjs's `call`: `takes` it (as `LoweringCall.mask`), or `refuses` it for want of a counterpart. Default: nothing. */
  readonly masked?: 'takes' | 'refuses'
  /** Whether the layer's output has its first input's mask; `unknown` where it is another one, which no lowering here makes. Default: what `layer.supportsMasking` says. */
  readonly passesMask?: (call: UnloweredCall) => boolean | 'unknown'
  /** Whether the layer makes a mask by itself. */
  readonly makesMask?: (config: tf.serialization.ConfigDict) => boolean
  /** Appends that mask, [batch, length], of ones and zeros as float numbers. */
  readonly lowerMask?: (call: LoweringCall) => Value
  /** Whether tfjs infers wrong shapes for the layer's outputs, so that nothing can be checked against them, nor stand behind it. Default false. */
  readonly shapesAreWrong?: boolean
  /** For the documentation: what of the layer's settings has no counterpart. */
  readonly limits?: string
}

/** A call of a layer on inputs that are uncertain: `inputs` are the means. */
export interface MomentsCall extends LoweringCall {
  /** A variance for each input; of an input that is certain, 0. */
  readonly variances: readonly Value[]
}

/** A call of a layer before its inputs exist in the graph. */
export interface UnloweredCall {
  readonly layer: tf.layers.Layer
  /** What `layer.getConfig()` says. */
  readonly config: tf.serialization.ConfigDict
  /** Shapes as tfjs has them: the batch first, `null` where unknown. */
  readonly inputs: readonly Slot[]
  readonly outputs: readonly Slot[]
  /** Why a layer inside this one has no counterpart; undefined if it has. */
  readonly reasonAgainst: (inner: tf.layers.Layer, inputs: readonly Slot[], outputs: readonly Slot[]) => string | undefined
}

/** The weights of a layer, as a lowering sees them. */
export interface LayerWeights {
  /**
   * A weight of the layer by its name there (`kernel`), stored once however often the layer is called; undefined if the layer has none of that name.
   * `arrange` brings it into the order that ONNX wants.
   */
  readonly weight: (name: string, arrange?: (weight: WeightData) => WeightData) => Value | undefined
  /** The numbers of a weight, to compute with when the file is written; undefined if the layer has none of that name. */
  readonly weightData: (name: string) => WeightData | undefined
  /** Puts numbers computed from weights into the file, once however often the layer is called. */
  readonly layerConstant: (name: string, make: () => WeightData) => Value
}

/** A call of a layer, its inputs in the graph. */
export interface LoweringCall extends LayerWeights {
  readonly layer: tf.layers.Layer
  readonly config: tf.serialization.ConfigDict
  readonly slots: readonly Slot[]
  readonly inputs: readonly Value[]
  readonly tape: Tape
  /** The mask of the first input, [batch, length], ones and zeros; only for a lowering that takes it. */
  readonly mask?: Value
  /** Whether every node must have a CUDA kernel: where there is a choice, it decides. */
  readonly needsCuda: boolean
  /** The weights of a layer inside this one. */
  readonly weightsOf: (inner: tf.layers.Layer) => LayerWeights
  /** Appends a layer, or a whole model, that stands inside this one; gives its outputs. */
  readonly lowerInner: (inner: tf.layers.Layer, inputs: readonly Value[]) => readonly Value[]
}
