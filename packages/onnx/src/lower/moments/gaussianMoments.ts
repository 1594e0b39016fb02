import type { Tape } from '../../ir/tape.ts'
import type { Value } from '../../ir/value.ts'

/** Mean and variance of every element of a tensor whose elements are taken for normal and independent. */
export interface Uncertain {
  readonly mean: Value
  readonly variance: Value
  /** Whether the variance is known to be at least `SMALLEST_VARIANCE`; default false. */
  readonly isPositive?: boolean
}

/** What the exact moments below are made of. */
interface Rectified {
  /** P(X > 0). */
  readonly positive: Value
  /** E[sign(X)] */
  readonly sign: Value
  /** E[max(X, 0)] */
  readonly mean: Value
  /** Var[max(X, 0)], which rounding may leave a last bit below 0. */
  readonly variance: Value
}

/** Keeps mean / sigma finite where the variance is 0; far below any variance that matters. */
export const SMALLEST_VARIANCE = 1e-24
/**
 * |mean| / (sigma sqrt 2) is cut here, where float32 knows no other number than 1 for the probability. It keeps the density, 2e-16 there, out of the subnormal
 * numbers, with which processors are slow.
 */
const LARGEST_ROOT = 6

/** The exact moments of max(X, 0) for X ~ N(mean, variance). */
export function rectifiedMoments(tape: Tape, x: Uncertain): Uncertain {
  const { mean, variance } = rectified(tape, x)
  return { mean, variance: tape.op('Relu', [variance]) }
}

/**
 * With z = mean / sigma, P = P(N < z) and phi the density at z, the mean is m = mean P + sigma phi and the variance is variance P + m (mean - m). The textbook
 * form E[X^2; X > 0] - E[X; X > 0]^2 subtracts two large numbers where z is large; here P is 1 there, m is the mean, and what is left of mean - m is a few last
 * bits. Few nodes, since each is a pass over the memory: sigma phi is sigma / exp(z^2 / 2), without a negation, and HardSigmoid makes P of the error function.
 */
function rectified(tape: Tape, { mean, variance: given, isPositive = false }: Uncertain): Rectified {
  const op = (opType: string, ...inputs: Value[]): Value => tape.op(opType, inputs)
  const constant = (value: number): Value => tape.scalar(value)
  const variance = isPositive ? given : op('Max', given, constant(SMALLEST_VARIANCE))
  const sigma = op('Sqrt', variance)
  const root = op(
    'Clip',
    op('Mul', op('Div', mean, sigma), constant(Math.SQRT1_2)),
    constant(-LARGEST_ROOT),
    constant(LARGEST_ROOT),
  )
  const sign = op('Erf', root)
  const positive = tape.op('HardSigmoid', [sign], { alpha: 0.5, beta: 0.5 })
  const density = op('Mul', op('Div', sigma, op('Exp', op('Mul', root, root))), constant(1 / Math.sqrt(2 * Math.PI)))
  const meanOfRectified = op('Add', op('Mul', mean, positive), density)
  const rest = op('Mul', meanOfRectified, op('Sub', mean, meanOfRectified))
  return { positive, sign, mean: meanOfRectified, variance: op('Add', op('Mul', variance, positive), rest) }
}

/**
 * The exact moments of slope * X for X < 0 and X otherwise: slope X + (1 - slope) max(X, 0), whose parts have the covariance variance * P(X > 0) (Stein's
 * lemma).
 *
 * @param slope a number, or one per channel
 */
export function leakyMoments(tape: Tape, x: Uncertain, slope: Value): Uncertain {
  const { positive, ...ofRectified } = rectified(tape, x)
  const op = (opType: string, ...inputs: Value[]): Value => tape.op(opType, inputs)
  const rest = op('Sub', tape.scalar(1), slope)
  const cross = op('Mul', op('Mul', slope, rest), op('Mul', op('Mul', x.variance, positive), tape.scalar(2)))
  return {
    mean: op('Add', op('Mul', slope, x.mean), op('Mul', rest, ofRectified.mean)),
    variance: op(
      'Add',
      op(
        'Add',
        op('Mul', op('Mul', slope, slope), x.variance),
        op('Mul', op('Mul', rest, rest), op('Relu', ofRectified.variance)),
      ),
      cross,
    ),
  }
}

/**
 * The exact moments of max(X, Y) for independent normal X and Y (Clark, 1961, "The greatest of a finite set of random variables"): Y + max(X - Y, 0), where
 * Cov(Y, max(X - Y, 0)) = -Var[Y] P(X > Y), and 1 - 2 P(X > Y) = -E[sign(X - Y)].
 */
export function maximumMoments(tape: Tape, x: Uncertain, y: Uncertain): Uncertain {
  const op = (opType: string, ...inputs: Value[]): Value => tape.op(opType, inputs)
  const difference = rectified(tape, {
    mean: op('Sub', x.mean, y.mean),
    variance: op('Add', x.variance, y.variance),
    isPositive: x.isPositive === true || y.isPositive === true,
  })
  const variance = op('Sub', difference.variance, op('Mul', y.variance, difference.sign))
  return { mean: op('Add', y.mean, difference.mean), variance: op('Relu', variance) }
}

/** The moments of X * Y for independent X and Y. */
export function productMoments(tape: Tape, x: Uncertain, y: Uncertain): Uncertain {
  const op = (opType: string, ...inputs: Value[]): Value => tape.op(opType, inputs)
  const square = (value: Value): Value => op('Mul', value, value)
  const variance = op('Add', op('Mul', x.variance, op('Add', y.variance, square(y.mean))), op('Mul', y.variance, square(x.mean)))
  return { mean: op('Mul', x.mean, y.mean), variance }
}
