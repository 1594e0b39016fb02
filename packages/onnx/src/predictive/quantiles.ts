import { inverseNormalCdf } from '../draws/inverseNormalCdf.ts'
import type { Tape } from '../ir/tape.ts'
import type { Value } from '../ir/value.ts'
import { reduce } from './reduce.ts'

/** Halvings of the interval; beyond, float32 tells little more apart. */
const STEPS = 20

/**
 * Appends the quantiles of an equal mixture of normal distributions, by bisection: they lie between the least and the greatest quantile of the components, and
 * are found within 2^-21 (5e-7) of that distance, and within what float32 knows of numbers of the means' size (2^-20 of it) and of probabilities (1e-6, over the mixture's density).
 *
 * All quantiles are sought at once. A step goes half of the last one's way, towards where the distribution function has the wanted value: no branches, since
 * ONNX's would leave a GPU.
 *
 * @param means [samples, batch, ...]
 * @param sigma of the same shape, or a scalar
 * @param probabilities each between 0 and 1
 * @returns [batch, ..., quantiles]
 */
export function mixtureQuantiles(tape: Tape, means: Value, sigma: Value, probabilities: readonly number[]): Value {
  const op = (opType: string, ...inputs: Value[]): Value => tape.op(opType, inputs)
  const column = (value: Value): Value => (value.rank === 0 ? value : op('Unsqueeze', value, tape.ints([value.rank])))
  const [mean, deviation] = [column(means), column(sigma)]
  const ofComponents = op('Add', mean, op('Mul', deviation, standardQuantiles(tape, probabilities)))
  const low = reduce(tape, 'ReduceMin', ofComponents, 0)
  const high = reduce(tape, 'ReduceMax', ofComponents, 0)
  // P(Y < y) = (1 + erf((y - mean) / (sigma sqrt 2))) / 2
  const scale = op('Div', tape.scalar(Math.SQRT1_2), deviation)
  const target = row(tape, 'quantile_targets', (p) => 2 * p - 1, probabilities)
  let y = op('Mul', op('Add', low, high), tape.scalar(0.5))
  let step = op('Mul', op('Sub', high, low), tape.scalar(0.25))
  for (let i = 0; i < STEPS; i++) {
    const reached = reduce(tape, 'ReduceMean', op('Erf', op('Mul', op('Sub', y, mean), scale)), 0)
    y = op('Add', y, op('Mul', step, op('Sign', op('Sub', target, reached))))
    if (i < STEPS - 1) step = op('Mul', step, tape.scalar(0.5))
  }
  return y
}

/** Appends the quantiles of normal distributions: [...] gives [..., quantiles]. */
export function normalQuantiles(tape: Tape, mean: Value, sigma: Value, probabilities: readonly number[]): Value {
  const column = (value: Value): Value => tape.op('Unsqueeze', [value, tape.ints([value.rank])])
  return tape.op('Add', [column(mean), tape.op('Mul', [column(sigma), standardQuantiles(tape, probabilities)])])
}

function standardQuantiles(tape: Tape, probabilities: readonly number[]): Value {
  return row(tape, 'standard_quantiles', inverseNormalCdf, probabilities)
}

function row(tape: Tape, key: string, of: (p: number) => number, probabilities: readonly number[]): Value {
  return tape.constant(key, () => [Float32Array.from(probabilities, of), [probabilities.length]])
}
