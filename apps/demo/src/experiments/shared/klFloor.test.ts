import { useCpuBackend } from '@tfjs-bayes/backend/cpu'
import { beforeAll, expect, test } from 'vitest'
import { klFloor } from './klFloor.ts'
import { HEAVY_TAILS } from './priorChoice.ts'

beforeAll(() => useCpuBackend())

test('a normal prior costs nothing', () => {
  expect(klFloor({ prior: { family: 'normal', sigma: 0.1 }, kl: 'closed' })).toBeCloseTo(0, 4)
})

test('a Laplace prior of any scale costs log 2 + 1/2 - log pi: the minimum, by hand, of log(2b) + sigma sqrt(2/pi)/b - log(2 pi e sigma^2)/2', () => {
  for (const scale of [0.05, 0.1]) {
    expect(klFloor({ prior: { family: 'laplace', scale }, kl: 'closed' })).toBeCloseTo(Math.log(2) + 0.5 - Math.log(Math.PI), 4)
  }
})

test('a spike costs every weight nearly -log of the probability of the other component; the bound never says less than the KL', () => {
  const spike = { family: 'mixture', wide: 0.5, sigmas: [0.1, 0.0025] } as const
  const bound = klFloor({ prior: spike, kl: 'upperBound' })
  expect(bound).toBeGreaterThan(0.9 * Math.log(2))
  expect(bound).toBeLessThan(Math.log(2))
  expect(klFloor({ prior: HEAVY_TAILS, kl: 'upperBound' })).toBeGreaterThanOrEqual(
    klFloor({ prior: HEAVY_TAILS, kl: 'monteCarlo' }) - 1e-5,
  )
  expect(klFloor({ prior: HEAVY_TAILS, kl: 'upperBound' })).toBeLessThan(0.02)
})
