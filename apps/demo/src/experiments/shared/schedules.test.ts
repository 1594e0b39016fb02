import type { TrainingPosition } from '@tfjs-bayes/training'
import { expect, test } from 'vitest'
import { heldBeta, twoPhaseRate } from './schedules.ts'

const BATCHES = 10
const EPOCHS = 20
const at = (epoch: number): TrainingPosition => ({
  step: Math.round(epoch * BATCHES),
  epoch: Math.floor(epoch),
  epochs: EPOCHS,
  batch: Math.round((epoch % 1) * BATCHES),
  batches: BATCHES,
  batchRows: 1,
  rows: BATCHES,
})

test('beta is held back through the first phase and whole from its end on', () => {
  const beta = heldBeta({ heldEpochs: 8, heldBeta: 0.1 })
  expect([0, 3.5, 7.9, 8, 19.9].map((epoch) => beta.at(at(epoch)))).toEqual([0.1, 0.1, 0.1, 1, 1])
})

test('the rate falls to a twentieth in the first phase, and stays there', () => {
  const rate = twoPhaseRate(2, { heldEpochs: 8, heldBeta: 0.1 })
  const value = (epoch: number): number => rate.at(at(epoch))
  expect(value(0)).toBe(2)
  expect(value(4)).toBeCloseTo((2 + 0.1) / 2, 10)
  expect([8, 11, 20].map(value)).toEqual([0.1, 0.1, 0.1].map((each) => expect.closeTo(each, 10)))
})

test('without a first phase it is half a cosine', () => {
  const rate = twoPhaseRate(2, { heldEpochs: 0, heldBeta: 1 })
  expect([0, 10, 20].map((epoch) => rate.at(at(epoch)))).toEqual([2, 1.01, 0.02].map((value) => expect.closeTo(value, 10)))
})

test('where the second phase decays, the rate waits at its peak through the first', () => {
  const rate = twoPhaseRate(2, { heldEpochs: 8, heldBeta: 0.1, decay: 'whole' })
  expect([0, 8, 14, 20].map((epoch) => rate.at(at(epoch)))).toEqual([2, 2, 1.01, 0.02].map((value) => expect.closeTo(value, 10)))
})
