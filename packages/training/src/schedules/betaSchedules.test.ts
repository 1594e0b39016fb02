import { describe, expect, test } from 'vitest'
import { InvalidOptionError } from '../errors.ts'
import { batchRanges } from '../loop/batchRanges.ts'
import { type BetaSchedule, betaAt } from './betaSchedule.ts'
import { blundellBeta } from './blundellBeta.ts'
import { coldPosterior } from './coldPosterior.ts'
import { constantBeta } from './constantBeta.ts'
import { cyclicalBeta } from './cyclicalBeta.ts'
import { warmUpBeta } from './warmUpBeta.ts'

/** The betas of a run, with the rows of each batch. */
function run(schedule: BetaSchedule, { rows = 40, batchSize = 10, epochs = 5 } = {}): { beta: number; rows: number }[] {
  const ranges = batchRanges(rows, batchSize)
  return Array.from({ length: epochs }, (_, epoch) =>
    ranges.map(({ batch, rows: batchRows }) => {
      const step = epoch * ranges.length + batch
      return { beta: betaAt(schedule, { step, epoch, epochs, batch, batches: ranges.length, batchRows, rows }), rows: batchRows }
    }),
  ).flat()
}
const betas = (schedule: BetaSchedule, shape = {}): number[] => run(schedule, shape).map(({ beta }) => beta)

test('constant and cold', () => {
  expect(new Set(betas(constantBeta(0.3)))).toEqual(new Set([0.3]))
  expect(new Set(betas(coldPosterior({ temperature: 0.1 })))).toEqual(new Set([0.1]))
})

test('warm-up rises in a straight line for its epochs and stays', () => {
  const rising = betas(warmUpBeta({ epochs: 2 }))
  expect(rising.slice(0, 9)).toEqual([0, 0.125, 0.25, 0.375, 0.5, 0.625, 0.75, 0.875, 1])
  expect(new Set(rising.slice(9))).toEqual(new Set([1]))
  const half = betas(warmUpBeta({ epochs: 0.5, from: 1, to: 2 }))
  expect(half.slice(0, 4)).toEqual([1, 1.5, 2, 2])
})

test('cyclical: each cycle starts at 0, reaches its end at the given share, and the run ends there', () => {
  const cycle = betas(cyclicalBeta({ cycles: 2, ramp: 0.5 }), { epochs: 4 })
  expect(cycle).toEqual([0, 0.25, 0.5, 0.75, 1, 1, 1, 1, 0, 0.25, 0.5, 0.75, 1, 1, 1, 1])
  const uneven = betas(cyclicalBeta({ cycles: 3, ramp: 1, to: 0.5 }), { epochs: 4 })
  expect(uneven.filter((beta) => beta === 0)).toHaveLength(3)
  expect(Math.max(...uneven)).toBeLessThanOrEqual(0.5)
})

describe('Blundell', () => {
  test('halves from batch to batch and starts anew in each epoch', () => {
    const shares = betas(blundellBeta(), { epochs: 2 })
    expect(shares.slice(0, 4)).toEqual(shares.slice(4))
    // 8, 4, 2, 1 of 15, times 4 batches.
    shares.slice(0, 4).forEach((beta, i) => {
      expect(beta).toBeCloseTo((4 * 2 ** (3 - i)) / 15, 12)
    })
  })

  test('an epoch holds the KL once, with a short last batch and with thousands of batches', () => {
    for (const shape of [{ rows: 37 }, { rows: 41 }, { rows: 7, batchSize: 100 }, { rows: 3001, batchSize: 1 }]) {
      const epoch = run(blundellBeta(), { ...shape, epochs: 1 })
      const total = epoch.reduce((sum, { rows }) => sum + rows, 0)
      expect(epoch.reduce((sum, { beta, rows }) => sum + (beta * rows) / total, 0)).toBeCloseTo(1, 12)
    }
  })
})

test('refusals name the option, and a schedule of one’s own is checked at each step', () => {
  expect(() => constantBeta(-1)).toThrow(/beta is -1/)
  expect(() => coldPosterior({ temperature: 0 })).toThrow(/temperature is 0/)
  expect(() => warmUpBeta({ epochs: 0 })).toThrow(/epochs is 0/)
  expect(() => warmUpBeta({ epochs: 1, from: Number.NaN })).toThrow(/from is NaN/)
  expect(() => cyclicalBeta({ ramp: 0 })).toThrow(/ramp is 0/)
  expect(() => cyclicalBeta({ cycles: 1.5 })).toThrow(/cycles is 1\.5/)
  const own: BetaSchedule = { name: 'mine', settings: {}, at: ({ step }) => 1 - step }
  expect(() => betas(own)).toThrow(InvalidOptionError)
  expect(() => betas(own)).toThrow(/'mine' at step 2 is -1/)
})
