import type { Tape } from '../../ir/tape.ts'
import type { Value } from '../../ir/value.ts'
import type { SamplesAxis } from '../samplesAxis.ts'
import type { Signal } from '../signal.ts'

/** A Bayesian layer's call: what it does with its weights, and what is known of these. */
export interface PosteriorCall {
  /** In the form that the operator takes. */
  readonly input: Signal
  /** Appends op(x, kernel) + bias; x and the result have the same leading axes. */
  readonly apply: (x: Value, kernel: Value, bias: Value | undefined) => Value
  /** The kernel's means or variances in the graph, stored once for all calls of the layer. */
  readonly kernel: (which: 'mean' | 'variance') => Value
  /** The bias's means or variances; undefined without a bias. */
  readonly bias: (which: 'mean' | 'variance') => Value | undefined
  readonly tape: Tape
  readonly samplesAxis: SamplesAxis
}

/** A way to turn a layer whose weights have a distribution into nodes: gives the pre-activation. */
export type PosteriorLowering = (call: PosteriorCall) => Signal
