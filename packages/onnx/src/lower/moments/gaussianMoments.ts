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

const SQRT_TAU = Math.sqrt(2 * Math.PI)
// Keeps mean / sigma finite where the variance is 0; far below any variance that matters.
const TINY_VARIANCE = 1e-24
// Beyond, the normal tail is nothing beside 1 in float32; farther out the density would be subnormal, with which processors are slow.
const MAX_Z = 9

/**
 * The exact moments of max(X, 0) for X ~ N(mean, variance).
 *
 * With z = mean / sigma, a = |z|, Q = P(N > a), phi the density at a and d = phi - a Q, the mean is max(mean, 0) + sigma d and the variance is
 * variance * (max(erf(z / sqrt 2), 0) + (a^2 + 1) Q - a phi - d^2). The textbook form E[X^2; X > 0] - E[X; X > 0]^2 subtracts two large numbers where
 * z is large; here all terms but the first vanish there.
 */
export function rectifiedMoments(tape: Tape, { mean, variance }: Uncertain): Standardized {
  const op = (opType: string, ...inputs: Value[]): Value => tape.op(opType, inputs)
  const constant = (value: number): Value => tape.scalar(value)
  const sigma = op('Sqrt', op('Max', variance, constant(TINY_VARIANCE)))
  const z = tape.op('Clip', [op('Div', mean, sigma), constant(-MAX_Z), constant(MAX_Z)])
  const a = op('Max', z, op('Neg', z))
  const erf = op('Erf', op('Mul', z, constant(Math.SQRT1_2)))
  const positive = op('Mul', op('Add', erf, constant(1)), constant(0.5))
  // erf is odd, so erf(a / sqrt 2) is |erf(z / sqrt 2)|: it is the dearest of these operators.
  const tail = op('Mul', op('Sub', constant(1), op('Max', erf, op('Neg', erf))), constant(0.5))
  const aSquared = op('Mul', a, a)
  const phi = op('Mul', op('Exp', op('Mul', aSquared, constant(-0.5))), constant(1 / SQRT_TAU))
  const d = op('Sub', phi, op('Mul', a, tail))
  const corrections = op('Sub', op('Sub', op('Mul', op('Add', aSquared, constant(1)), tail), op('Mul', a, phi)), op('Mul', d, d))
  const ratio = op('Relu', op('Add', op('Relu', erf), corrections))
  return {
    sigma,
    positive,
    mean: op('Add', op('Relu', mean), op('Mul', sigma, d)),
    variance: op('Mul', variance, ratio),
  }
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
