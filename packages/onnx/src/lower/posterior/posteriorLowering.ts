import type { Tape } from '../../ir/tape.ts'
import type { Value } from '../../ir/value.ts'
import type { OperatorLowering } from '../operators/operators.ts'
import type { SamplesAxis } from '../samplesAxis.ts'
import type { Signal } from '../signal.ts'
import type { Moments, WeightData } from '../weights.ts'

/** A Bayesian layer's call: what it does with its weights, and what is known of these. */
export interface PosteriorCall {
  readonly input: Signal
  readonly operator: OperatorLowering
  readonly kernel: Moments
  readonly bias: Moments | undefined
  readonly tape: Tape
  readonly samplesAxis: SamplesAxis
  /** Puts weight data into the graph, once for all calls of the layer. */
  readonly store: (name: string, data: WeightData) => Value
}

/** A way to turn a layer whose weights have a distribution into nodes: gives the pre-activation. */
export type PosteriorLowering = (call: PosteriorCall) => Signal
