import type { Tape } from '../../ir/tape.ts'
import type { Value } from '../../ir/value.ts'

/** Mean and variance of every element of a tensor whose elements are taken for normal and independent. */
export interface Uncertain {
  readonly mean: Value
  readonly variance: Value
}

/** What the exact moments below are made of. */
interface Standardized {
  /** Standard deviation. */
  readonly sigma: Value
  /** P(X > 0). */
  readonly positive: Value
  /** E[max(X, 0)] */
  readonly mean: Value
  /** Var[max(X, 0)] */
  readonly variance: Value
}

// Keeps mean / sigma finite where the variance is 0; far below any variance that matters.
const TINY_VARIANCE = 1e-24
const LOG_SQRT_TAU = Math.log(2 * Math.PI) / 2
// Keeps the density out of the subnormal numbers, with which processors are slow.
const SMALLEST_LOG_DENSITY = -80

/**
 * The exact moments of max(X, 0) for X ~ N(mean, variance).
 *
 * With z = mean / sigma, P = P(N < z), phi the density at z and e = z P + phi, the mean is sigma e and the variance is variance * (P + e (z - e)). The textbook
 * form E[X^2; X > 0] - E[X; X > 0]^2 subtracts two large numbers where z is large; here P is 1 there, e is z, and what is left of z - e is a few last bits.
 */
export function rectifiedMoments(tape: Tape, { mean, variance }: Uncertain): Standardized {
  const op = (opType: string, ...inputs: Value[]): Value => tape.op(opType, inputs)
  const constant = (value: number): Value => tape.scalar(value)
  const sigma = op('Sqrt', op('Max', variance, constant(TINY_VARIANCE)))
  const z = op('Div', mean, sigma)
  const root = op('Mul', z, constant(Math.SQRT1_2))
  const positive = op('Add', op('Mul', op('Erf', root), constant(0.5)), constant(0.5))
  const logDensity = op('Max', op('Sub', constant(-LOG_SQRT_TAU), op('Mul', root, root)), constant(SMALLEST_LOG_DENSITY))
  const e = op('Add', op('Mul', z, positive), op('Exp', logDensity))
  const ratio = op('Relu', op('Add', positive, op('Mul', e, op('Sub', z, e))))
  return { sigma, positive, mean: op('Mul', sigma, e), variance: op('Mul', variance, ratio) }
}

/**
 * The exact moments of slope * X for X < 0 and X otherwise: slope X + (1 - slope) max(X, 0), whose parts have the covariance variance * P(X > 0) (Stein's
 * lemma).
 *
 * @param slope a number, or one per channel
 */
export function leakyMoments(tape: Tape, x: Uncertain, slope: Value): Uncertain {
  const rectified = rectifiedMoments(tape, x)
  const op = (opType: string, ...inputs: Value[]): Value => tape.op(opType, inputs)
  const rest = op('Sub', tape.scalar(1), slope)
  const cross = op('Mul', op('Mul', slope, rest), op('Mul', op('Mul', x.variance, rectified.positive), tape.scalar(2)))
  return {
    mean: op('Add', op('Mul', slope, x.mean), op('Mul', rest, rectified.mean)),
    variance: op(
      'Add',
      op('Add', op('Mul', op('Mul', slope, slope), x.variance), op('Mul', op('Mul', rest, rest), rectified.variance)),
      cross,
    ),
  }
}

/**
 * The exact moments of max(X, Y) for independent normal X and Y (Clark, 1961, "The greatest of a finite set of random variables"): Y + max(X - Y, 0), where
 * Cov(Y, max(X - Y, 0)) = -Var[Y] P(X > Y).
 */
export function maximumMoments(tape: Tape, x: Uncertain, y: Uncertain): Uncertain {
  const op = (opType: string, ...inputs: Value[]): Value => tape.op(opType, inputs)
  const rectified = rectifiedMoments(tape, { mean: op('Sub', x.mean, y.mean), variance: op('Add', x.variance, y.variance) })
  const covariance = op('Mul', y.variance, rectified.positive)
  const variance = op('Sub', op('Add', y.variance, rectified.variance), op('Add', covariance, covariance))
  return { mean: op('Add', y.mean, rectified.mean), variance: op('Relu', variance) }
}

/** The moments of X * Y for independent X and Y. */
export function productMoments(tape: Tape, x: Uncertain, y: Uncertain): Uncertain {
  const op = (opType: string, ...inputs: Value[]): Value => tape.op(opType, inputs)
  const square = (value: Value): Value => op('Mul', value, value)
  const variance = op('Add', op('Mul', x.variance, op('Add', y.variance, square(y.mean))), op('Mul', y.variance, square(x.mean)))
  return { mean: op('Mul', x.mean, y.mean), variance }
}
