import { expect, test } from 'vitest'
import { sampleRun } from '../../test/sampleRun.ts'
import { DETERMINISTIC, LRT } from '../contestants.ts'
import type { EvaluatedModel, Score } from '../run/evaluationFile.ts'
import { type ReportInput, remarks } from './remarks.ts'

const run = sampleRun()

/** The sample run with other scores. */
function changed(change: (model: EvaluatedModel) => EvaluatedModel): ReportInput {
  return { ...run, evaluation: { ...run.evaluation, models: run.evaluation.models.map(change) } }
}

const remarkOn = (topic: string, input: ReportInput): string =>
  remarks(input).find((remark) => remark.topic === topic)?.text ?? ''
const withTest = (model: EvaluatedModel, test: Partial<Score>): EvaluatedModel => ({ ...model, test: { ...model.test, ...test } })

test('where the means beat the draws, the report says so, and why', () => {
  const text = remarkOn('Means against draws', run)
  expect(text).toMatch(/^For every Bayesian network here one pass with the mean weights is better/)
  expect(text).toContain('test NLL 0.097 and ECE 0.004 with the mean weights, 0.126 and 0.038 with the average of 100 draws')
  expect(text).toContain('underconfident: its confidence lies 3.84\u00a0% below its accuracy')
})

test('where the draws beat the means, it says that instead', () => {
  const text = remarkOn(
    'Means against draws',
    changed((model) => withTest(model, { nll: 0.05, overconfidence: 0.01 })),
  )
  expect(text).toMatch(/^Averaging 100 draws beats the mean weights/)
  expect(text).toContain('overconfident')
  expect(text).not.toContain('wider')
})

test('the deterministic network is praised and blamed by its numbers', () => {
  expect(remarkOn('Without a posterior', run)).toContain(
    'makes fewer mistakes than any Bayesian one: 1.82\u00a0% against 3.24\u00a0%',
  )
  const worse = changed((model) => (model.name === DETERMINISTIC ? withTest(model, { error: 0.05 }) : model))
  expect(remarkOn('Without a posterior', worse)).toContain('does not make fewer mistakes: 5.00\u00a0% against 3.24\u00a0%')
})

test('the estimators are ranked by the ELBO that they reached', () => {
  expect(remarkOn('ELBO', run)).toMatch(/^Local reparameterization got furthest: −0\.400 nats per example; then −0\.450/)
  const other = changed((model) => (model.name === LRT ? { ...model, train: { elbo: -9, nll: 8, klPerExample: 1 } } : model))
  expect(remarkOn('ELBO', other)).toMatch(/^Weight sampling, closed KL got furthest/)
})

test('gradient variances are given as multiples', () => {
  expect(remarkOn('Gradient variance', run)).toContain(
    'Weight sampling, closed KL 2.4 to 2.4 times for μ and 178 to 178 times for ρ',
  )
})

test('a finished run is not called unfinished', () => {
  expect(remarkOn('Unfinished', run)).toBe('')
  expect(remarkOn('One seed', run)).toContain('seed 1')
})
