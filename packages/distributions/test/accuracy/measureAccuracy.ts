import { readFileSync } from 'node:fs'
import * as tf from '@tensorflow/tfjs'
import {
  Categorical,
  type Distribution,
  deserializeDistribution,
  MultivariateNormal,
  type SerializedDistribution,
} from '../../src/index.ts'
import { gradientError, slopeError } from './gradientError.ts'

/** One set of parameters of a file in fixtures/. */
interface ReferenceCase extends Record<Elementwise, readonly JsonNumber[]>, Record<Moment, JsonNumber | null> {
  readonly parameters: SerializedDistribution['parameters']
  readonly x: readonly number[]
  readonly p: readonly number[]
}

type JsonNumber = number | 'Infinity' | '-Infinity'
type Elementwise = 'logProb' | 'cdf' | 'logCdf' | 'logSurvival' | 'quantile'
type Moment = 'mean' | 'mode' | 'variance' | 'entropy'

/** The largest error by quantity, of those that the family has. */
export type Accuracy = Partial<Record<Elementwise | 'moments' | 'gradient', number>>

const SMALLEST_NORMAL = 1.2e-38
const LARGEST = 3.4e38

/** One distribution over vectors or labels of a file in fixtures/. */
interface JointCase {
  readonly logits?: readonly number[]
  readonly q?: { readonly mu: number[]; readonly covariance: number[][] }
  readonly x?: number[][]
  readonly logProb: readonly number[]
  readonly entropy: number
}

/** Families whose references are not elementwise. */
const JOINT: Readonly<Record<string, (reference: JointCase) => { readonly d: Distribution; readonly x: tf.Tensor }>> = {
  multivariateNormal: ({ q, x }) => ({
    d: new MultivariateNormal({ mu: tf.tensor1d(q!.mu), covariance: tf.tensor2d(q!.covariance) }),
    x: tf.tensor2d(x!),
  }),
  categorical: ({ logits }) => ({
    d: new Categorical({ logits: tf.tensor1d([...logits!]) }),
    x: tf.range(0, logits!.length, 1, 'int32'),
  }),
}

/**
 * The largest errors of a family against its reference values.
 *
 * Relative errors; for `logProb` and entropy absolute ones below one nat, because a logarithm near 0 is the difference of larger ones; for
 * quantiles and means relative to the location where that is larger. `gradient` is that of `logProb` by x and every parameter, against differences in
 * float64, relative to the derivative or to one nat a scale; and that of the distribution functions by x, relative.
 *
 * @throws Error where a value is NaN, or an infinity is missing
 */
export function measureAccuracy(family: string): Accuracy {
  const { cases } = JSON.parse(readFileSync(new URL(`../../fixtures/${family}.json`, import.meta.url), 'utf8')) as {
    cases: unknown[]
  }
  const joint = JOINT[family]
  return joint ? jointAccuracy(cases as JointCase[], joint) : elementwiseAccuracy(family, cases as ReferenceCase[])
}

function jointAccuracy(cases: readonly JointCase[], make: (typeof JOINT)[string]): Accuracy {
  let [logProb, moments] = [0, 0]
  for (const reference of cases) {
    tf.tidy(() => {
      const { d, x } = make(reference)
      const got = d.logProb(x).dataSync()
      reference.logProb.forEach((expected, i) => {
        logProb = Math.max(logProb, errorOf(got[i]!, expected, 1, `${d.family} logProb`))
      })
      moments = Math.max(moments, errorOf(d.entropy().dataSync()[0]!, reference.entropy, 1, `${d.family} entropy`))
    })
  }
  return { logProb, moments }
}

function elementwiseAccuracy(family: string, cases: readonly ReferenceCase[]): Accuracy {
  const accuracy: Accuracy = {}
  const note = (quantity: keyof Accuracy, error: number): void => {
    accuracy[quantity] = Math.max(accuracy[quantity] ?? 0, error)
  }
  for (const reference of cases) {
    const distribution = deserializeDistribution({ family, parameters: reference.parameters })
    const where = `${family} ${JSON.stringify(reference.parameters)}`
    const location = Math.max(
      0,
      ...['mu', 'low', 'high'].map((name) => (family === 'logNormal' ? 0 : Math.abs(Number(reference.parameters[name] ?? 0)))),
    )
    for (const quantity of ['logProb', 'cdf', 'logCdf', 'logSurvival', 'quantile'] as const) {
      const at = quantity === 'quantile' ? reference.p : reference.x
      const got = tf.tidy(() => distribution[quantity](tf.tensor1d([...at])).dataSync())
      reference[quantity].forEach((expected, i) => {
        const floor = quantity === 'logProb' ? 1 : quantity === 'quantile' ? location : SMALLEST_NORMAL
        note(quantity, errorOf(got[i]!, Number(expected), floor, `${where} ${quantity}(${at[i]})`))
      })
    }
    note('gradient', gradientError(distribution, reference.x, where))
    if (family !== 'poisson' && family !== 'bernoulli') note('gradient', slopeError(distribution, reference, where))
    for (const moment of ['mean', 'mode', 'variance', 'entropy'] as const) {
      const expected = reference[moment]
      if (expected == null) continue
      const floor = moment === 'entropy' ? 1 : moment === 'variance' ? 0 : location
      note('moments', errorOf(momentOf(distribution, moment), Number(expected), floor, `${where} ${moment}`))
    }
  }
  return accuracy
}

function momentOf(distribution: Distribution, moment: Moment): number {
  return tf.tidy(() => distribution[moment]().dataSync()[0]!)
}

function errorOf(got: number, expected: number, floor: number, what: string): number {
  if (got === expected) return 0
  if (Number.isNaN(got) || !Number.isFinite(expected)) throw new Error(`${what}: got ${got}, expected ${expected}`)
  if (Math.abs(expected) > LARGEST) return Math.abs(got) > LARGEST && got * expected > 0 ? 0 : 1
  // float32 has no smaller numbers: the native backend takes them for 0.
  if (Math.abs(expected) < SMALLEST_NORMAL && Math.abs(got) <= 2 * SMALLEST_NORMAL) return 0
  return Math.abs(got - expected) / Math.max(Math.abs(expected), floor)
}
