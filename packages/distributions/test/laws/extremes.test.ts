import { readFileSync } from 'node:fs'
import * as tf from '@tensorflow/tfjs'
import { expect, test } from 'vitest'
import { type Distribution, deserializeDistribution, Normal, type SerializedDistribution } from '../../src/index.ts'
import { continuousFamilies } from '../referenceFamilies.ts'

interface Case {
  readonly parameters: SerializedDistribution['parameters']
  readonly x: readonly number[]
  readonly logProb: readonly unknown[]
  readonly logCdf: readonly unknown[]
  readonly logSurvival: readonly unknown[]
}

test.each(continuousFamilies)(
  'no gradient of %s is NaN, as far into the tails as the references go, and none infinite inside the support',
  (family) => {
    const { cases } = JSON.parse(readFileSync(new URL(`../../fixtures/${family}.json`, import.meta.url), 'utf8')) as {
      cases: Case[]
    }
    for (const { parameters, ...reference } of cases) {
      const d = deserializeDistribution({ family, parameters })
      for (const quantity of ['logProb', 'logCdf', 'logSurvival'] as const) {
        const slopes = tf.tidy(() =>
          tf
            .grad((x: tf.Tensor) => tf.sum(d[quantity](x)))(tf.tensor1d([...reference.x]))
            .dataSync(),
        )
        slopes.forEach((slope, i) => {
          const where = `${family} ${JSON.stringify(parameters)}: d ${quantity} / dx at ${reference.x[i]} is ${slope}`
          expect(Number.isNaN(slope), where).toBe(false)
          const outside = reference.logProb[i] === '-Infinity' || reference[quantity][i] === '-Infinity'
          if (!outside) expect(Number.isFinite(slope), where).toBe(true)
        })
      }
    }
  },
)

test('the slope of the normal log Phi is the inverse Mills ratio, thousands of standard deviations out', () => {
  const normal: Distribution = new Normal({ mu: 0, sigma: 1 })
  // phi(z) / Phi(z) by its asymptotic series, exact to 1e-12 from 30 standard deviations on.
  const series = (a: number): number => a / (1 - 1 / a ** 2 + 3 / a ** 4 - 15 / a ** 6)
  const z = [-30, -100, -1000, -1e4]
  tf.tidy(() => {
    const slope = tf
      .grad((x: tf.Tensor) => tf.sum(normal.logCdf(x)))(tf.tensor1d(z))
      .dataSync()
    const upper = tf
      .grad((x: tf.Tensor) => tf.sum(normal.logSurvival(x)))(tf.tensor1d(z.map((each) => -each)))
      .dataSync()
    z.forEach((each, i) => {
      expect(Math.abs(slope[i]! / series(-each) - 1)).toBeLessThan(1e-6)
      expect(upper[i]).toBe(-slope[i]!)
    })
  })
})
