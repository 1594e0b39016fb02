import { CONTESTANTS, DETERMINISTIC, LRT } from '../contestants.ts'
import { decimals, integer, percent } from '../format.ts'
import type { EvaluatedModel, GradientVariance } from '../run/evaluationFile.ts'
import type { RunFiles } from '../run/runFolder.ts'
import { titleOf } from './comparison.ts'

/** What a report is made from. The last two are null where the run was not exported. */
export interface ReportInput extends Pick<RunFiles, 'run' | 'training' | 'evaluation'> {
  readonly export: RunFiles['export'] | null
  readonly prediction: RunFiles['prediction'] | null
}

/** One thing that the numbers say. */
export interface Remark {
  readonly topic: string
  readonly text: string
}

/**
 * What the numbers of this run say, and what they do not: each remark follows from the numbers, whichever way they fell.
 *
 * @returns a topic, and one sentence or a few on it
 */
export function remarks({ run, training, evaluation }: ReportInput): Remark[] {
  const bayesian = evaluation.models.filter((model) => model.testAtMean !== null)
  const deterministic = evaluation.models.find((model) => model.name === DETERMINISTIC)
  return [
    ...elboOrder(bayesian),
    ...meansAgainstDraws(bayesian, evaluation.samples),
    ...againstDeterministic(bayesian, deterministic, run.settings.testRows),
    ...gradients(evaluation.gradientVariance),
    ...rotation(evaluation),
    ...unfinished(training, run.settings.epochs),
    remark(
      'One seed',
      `All is from seed ${run.settings.seed}: there are no error bars. The validation set chose the epoch of each network; the test set was looked at once, after that.`,
    ),
  ]
}

function elboOrder(bayesian: readonly EvaluatedModel[]): Remark[] {
  if (bayesian.length < 2) return []
  const [best, ...others] = [...bayesian].sort((a, b) => b.train.elbo - a.train.elbo) as [EvaluatedModel, ...EvaluatedModel[]]
  const rest = others.map((model) => `${decimals(model.train.elbo, 3)} (${titleOf(model.name)})`).join(', ')
  return [
    remark(
      'ELBO',
      `${titleOf(best.name)} got furthest: ${decimals(best.train.elbo, 3)} nats per example; then ${rest}. ` +
        'They optimise the same bound on the same model, so this compares estimators after so many epochs, not models.',
    ),
  ]
}

function meansAgainstDraws(bayesian: readonly EvaluatedModel[], samples: number): Remark[] {
  const better = bayesian.filter((model) => model.testAtMean!.nll < model.test.nll)
  if (bayesian.length === 0) return []
  const shown = bayesian.find((model) => model.name === LRT) ?? bayesian[0]!
  const { test, testAtMean } = shown
  const numbers =
    `for ${titleOf(shown.name)} test NLL ${decimals(testAtMean!.nll, 3)} and ECE ${decimals(testAtMean!.ece, 3)} with the mean weights, ` +
    `${decimals(test.nll, 3)} and ${decimals(test.ece, 3)} with the average of ${samples} draws`
  const caution =
    `The average is ${test.overconfidence < 0 ? 'under' : 'over'}confident: its confidence lies ${percent(Math.abs(test.overconfidence))} ` +
    `${test.overconfidence < 0 ? 'below' : 'above'} its accuracy.`
  const topic = 'Means against draws'
  if (better.length === 0)
    return [remark(topic, `Averaging ${samples} draws beats the mean weights in test NLL: ${numbers}. ${caution}`)]
  const which =
    better.length === bayesian.length ? 'every Bayesian network here' : better.map((model) => titleOf(model.name)).join(' and ')
  return [
    remark(
      topic,
      `For ${which} one pass with the mean weights is better on the test set than averaging ${samples} draws: ${numbers}. ${caution} ` +
        (test.overconfidence < 0
          ? 'At this prior and length of training the posterior is wider than upright digits ask for. '
          : '') +
        'What the draws add is the mutual information below: which doubts come from not knowing the weights.',
    ),
  ]
}

function againstDeterministic(bayesian: readonly EvaluatedModel[], plain: EvaluatedModel | undefined, rows: number): Remark[] {
  if (plain === undefined || bayesian.length === 0) return []
  const best = [...bayesian].sort((a, b) => a.test.error - b.test.error)[0]!
  const standardError = Math.sqrt((plain.test.error * (1 - plain.test.error)) / rows)
  const order = plain.test.error < best.test.error ? 'makes fewer mistakes than any Bayesian one' : 'does not make fewer mistakes'
  return [
    remark(
      'Without a posterior',
      `The deterministic network ${order}: ${percent(plain.test.error)} against ${percent(best.test.error)} (${titleOf(best.name)}); ` +
        `the standard error of such a figure on ${integer(rows)} digits is about ${percent(standardError)}. ` +
        `Its confidence lies ${percent(Math.abs(plain.test.overconfidence))} ${plain.test.overconfidence > 0 ? 'above' : 'below'} its accuracy.`,
    ),
  ]
}

function gradients(variances: readonly GradientVariance[]): Remark[] {
  const reference = variances.find((variance) => variance.name === LRT)
  const others = variances.filter((variance) => variance.name !== LRT)
  if (reference === undefined || others.length === 0) return []
  const factors = others.map(({ name, layers }) => {
    const [mu, rho] = (['mu', 'rho'] as const).map((parameter) => {
      const ratios = layers.map((layer, i) => layer[parameter] / reference.layers[i]![parameter])
      return `${factor(Math.min(...ratios))} to ${factor(Math.max(...ratios))}`
    })
    return `${titleOf(name)} ${mu} times for μ and ${rho} times for ρ`
  })
  return [
    remark(
      'Gradient variance',
      `As multiples of local reparameterization’s, over the layers: ${factors.join('; ')}. ` +
        'At the same weights and on the same minibatches, so it is the variance that the noise alone makes.',
    ),
  ]
}

function rotation({ rotation: steps, judgedBy }: RunFiles['evaluation']): Remark[] {
  if (steps.length === 0 || judgedBy === null) return []
  const upright = steps[0]!
  const peak = steps.reduce((best, step) => (step.entropy > best.entropy ? step : best))
  const plain = (step: typeof upright): string =>
    step.deterministicEntropy === null ? '' : ` (deterministic: ${decimals(step.deterministicEntropy, 2)})`
  return [
    remark(
      'Turned digits',
      `The mean entropy goes from ${decimals(upright.entropy, 2)} nats upright${plain(upright)} to ${decimals(peak.entropy, 2)} at ` +
        `${peak.degrees} degrees${plain(peak)}, where ${percent(peak.error, 0)} of the answers are wrong; ` +
        `the mutual information from ${decimals(upright.mutualInformation, 2)} to ${decimals(peak.mutualInformation, 2)}. ` +
        'A six that is upside down is a nine: past 90 degrees a confident answer need not be a bad one.',
    ),
  ]
}

function unfinished(training: RunFiles['training'], epochs: number): Remark[] {
  const missing = CONTESTANTS.filter(({ name }) => training.models.every((model) => model.name !== name))
  const aborted = training.models.filter((model) => model.stopped === 'aborted')
  if (missing.length + aborted.length === 0) return []
  const parts = [
    ...aborted.map((model) => `${titleOf(model.name)} has ${model.epochs.length} of ${epochs} epochs`),
    ...missing.map(({ title }) => `${title} is missing`),
  ]
  return [
    remark(
      'Unfinished',
      `Training was stopped: ${parts.join('; ')}. Networks that did not train for the same time cannot be compared.`,
    ),
  ]
}

const remark = (topic: string, text: string): Remark => ({ topic, text })

const factor = (value: number): string => (value >= 10 ? value.toFixed(0) : value.toFixed(1))
