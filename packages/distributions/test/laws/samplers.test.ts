import * as tf from '@tensorflow/tfjs'
import { statelessNormal } from '@tfjs-bayes/backend'
import { chiSquarePValue, expectNoLeak, ksPValue } from '@tfjs-bayes/testing'
import { expect, test } from 'vitest'
import type { Distribution } from '../../src/index.ts'
import { continuous, examples, parametersOf } from './examples.ts'

// About 30 p-values; each may fall below 1e-6 by chance, so this file fails by chance once in 30,000 changes of a key.
const FALSE_ALARM = 1e-6
const KEY = 30_011
const DRAWS = 20_000

test.each(continuous.map((example) => [example.name, example] as const))(
  'draws of %s fit its distribution function',
  async (_, example) => {
    await expectNoLeak(() =>
      tf.tidy(() => {
        const d = example.make(...parametersOf(example))
        const samples = d.sample(noiseFor(d, DRAWS))
        expect(samples.shape).toEqual([DRAWS, 2])
        // If x has the distribution function F, then F(x) is uniform.
        for (const column of tf.unstack(d.cdf(samples), 1)) {
          expect(
            ksPValue(column.dataSync(), (u) => Math.min(1, Math.max(0, u))),
            `key ${KEY}`,
          ).toBeGreaterThan(FALSE_ALARM)
        }
      }),
    )
  },
)

test.each(examples.filter(({ discrete }) => discrete).map((example) => [example.name, example] as const))(
  'draws of %s have its probabilities',
  (_, example) => {
    tf.tidy(() => {
      const d = example.make(...parametersOf(example))
      const samples = d.sample(noiseFor(d, DRAWS))
      for (let member = 0; member < 2; member++) {
        const column = tf.squeeze(tf.slice(samples, [0, member], [DRAWS, 1])).dataSync()
        const { statistic, degrees } = chiSquare(column, (k) => probability(d, k, member))
        expect(chiSquarePValue(statistic, degrees), `key ${KEY}`).toBeGreaterThan(FALSE_ALARM)
      }
    })
  },
)

test('a uniform noise of 0 or 1 gives a finite draw', () => {
  tf.tidy(() => {
    for (const example of continuous.filter((each) => each.make(...parametersOf(each)).noiseKind === 'uniform')) {
      const d = example.make(...parametersOf(example))
      for (const end of [0, 1]) {
        const draws = d.sample(tf.fill(d.noiseShape(), end)).dataSync()
        expect(draws.every(Number.isFinite), `${example.name} ${end}: ${draws}`).toBe(true)
      }
    }
  })
})

/** Noise of the right kind: uniform numbers come from normal ones through float64, independently of the distributions under test. */
function noiseFor(d: Distribution, draws: number): tf.Tensor {
  const shape = d.noiseShape([draws])
  const normal = statelessNormal(shape, KEY, shape.length)
  if (d.noiseKind === 'normal') return normal
  // Two squared normal numbers sum to an exponential one (Box and Muller), whose survival function is uniform.
  const other = statelessNormal(shape, KEY + 1, shape.length)
  return tf.exp(tf.mul(tf.add(tf.square(normal), tf.square(other)), -0.5))
}

function probability(d: Distribution, k: number, member: number): number {
  return Math.exp(d.logProb(tf.fill([2], k, 'int32')).dataSync()[member]!)
}

/** Pearson's statistic with cells merged until each is expected at least ten times. */
function chiSquare(samples: ArrayLike<number>, probabilityOf: (k: number) => number): { statistic: number; degrees: number } {
  const counts = new Map<number, number>()
  for (let i = 0; i < samples.length; i++) counts.set(samples[i]!, (counts.get(samples[i]!) ?? 0) + 1)
  let statistic = 0
  let cells = 0
  let [observed, expected, seen, total] = [0, 0, 0, 0]
  for (let k = 0; total < 1 - 1e-6 && k < 1000; k++) {
    const p = probabilityOf(k)
    total += p
    observed += counts.get(k) ?? 0
    expected += p * samples.length
    const left = (1 - total) * samples.length
    if (expected < 10 || left < 10) continue
    statistic += (observed - expected) ** 2 / expected
    cells++
    seen += observed
    ;[observed, expected] = [0, 0]
  }
  const lastExpected = samples.length * (1 - total) + expected
  const lastObserved = samples.length - seen
  return { statistic: statistic + (lastObserved - lastExpected) ** 2 / lastExpected, degrees: cells }
}
