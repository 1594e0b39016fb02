import { expect, test } from 'vitest'
import { constantRate } from './constantRate.ts'
import { cosineRate } from './cosineRate.ts'
import { exponentialRate } from './exponentialRate.ts'
import { type LearningRateSchedule, learningRateAt } from './learningRateSchedule.ts'

/** The rates of a run of 4 epochs of 5 batches. */
function rates(schedule: LearningRateSchedule): number[] {
  return Array.from({ length: 20 }, (_, step) => {
    const [epoch, batch] = [Math.floor(step / 5), step % 5]
    return learningRateAt(schedule, { step, epoch, epochs: 4, batch, batches: 5, batchRows: 1, rows: 5 })
  })
}

test('constant', () => {
  expect(new Set(rates(constantRate(0.1)))).toEqual(new Set([0.1]))
})

test('cosine falls from one end to near the other, half-way in the middle', () => {
  const cosine = rates(cosineRate({ from: 1, to: 0.2 }))
  expect(cosine[0]).toBe(1)
  expect(cosine[10]).toBeCloseTo(0.6, 12)
  expect(cosine[19]).toBeGreaterThan(0.2)
  expect(cosine[19]).toBeLessThan(0.21)
  cosine.slice(1).forEach((rate, i) => {
    expect(rate).toBeLessThan(cosine[i]!)
  })
})

test('cosine after a linear rise, which never starts at 0', () => {
  const cosine = rates(cosineRate({ from: 1, warmUpEpochs: 1 }))
  expect(cosine.slice(0, 5).map((rate) => Math.round(rate * 6))).toEqual([1, 2, 3, 4, 5])
  expect(cosine[5]).toBe(1)
  expect(cosine[6]).toBeLessThan(1)
})

test('exponential, smooth and by stairs', () => {
  const smooth = rates(exponentialRate({ from: 1, factor: 0.5 }))
  expect(smooth[5]).toBeCloseTo(0.5, 12)
  expect(smooth[1]! / smooth[0]!).toBeCloseTo(0.5 ** 0.2, 12)
  const stairs = rates(exponentialRate({ from: 1, factor: 0.1, everyEpochs: 2, staircase: true }))
  expect(stairs.slice(0, 10)).toEqual(Array(10).fill(1))
  expect(stairs.slice(10)).toEqual(Array(10).fill(0.1))
})

test('refusals', () => {
  expect(() => constantRate(0)).toThrow(/learningRate is 0/)
  expect(() => cosineRate({ from: -1 })).toThrow(/from is -1/)
  expect(() => exponentialRate({ from: 1, factor: 0 })).toThrow(/factor is 0/)
  expect(() => rates({ name: 'mine', settings: {}, at: () => Number.NaN })).toThrow(/'mine' at step 0 is NaN/)
})
