import type { Tape } from '../../ir/tape.ts'
import type { Value } from '../../ir/value.ts'
import type { OperatorLowering } from '../operators/operators.ts'
import type { SamplesAxis } from '../samplesAxis.ts'
import type { Signal } from '../signal.ts'
import type { StoredNumbers } from '../weightStore.ts'
import type { PosteriorMoments } from '../weights.ts'

/** A Bayesian layer's call: what it does with its weights, and what is known of these. */
export interface PosteriorCall {
  readonly input: Signal
  readonly moments: PosteriorMoments
  readonly operator: OperatorLowering
  /** Puts numbers computed from the weights into the graph, once for all calls of the layer. */
  readonly store: (name: string, make: () => StoredNumbers) => Value
  /** Appends op(x, kernel) + bias; the result has the draws where the operator left them. */
  readonly apply: (x: Signal, kernel: Value, bias: Value | undefined) => Signal
  /** The same with weights of their own for each draw: kernel [samples, ...kernel], bias [samples, units]; gives [samples, batch, ...]. */
  readonly applyDraws: (x: Signal, kernel: Value, bias: Value | undefined) => Signal
  readonly tape: Tape
  readonly samplesAxis: SamplesAxis
}

/** A way to turn a layer whose weights have a distribution into nodes: gives the pre-activation. */
export type PosteriorLowering = (call: PosteriorCall) => Signal
