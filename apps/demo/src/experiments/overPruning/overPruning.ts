import * as tf from '@tensorflow/tfjs'
import {
  atTemperature,
  errorRate,
  fitTemperature,
  nllOfLogProbabilities,
  overPruning as overPruningOf,
  predictive,
  prune,
  pruningMasks,
} from '@tfjs-bayes/training'
import { PRIOR_SIGMA } from '../../contestants.ts'
import { disposing } from '../../stages/disposing.ts'
import type { Experiment, PartContext } from '../framework/experiment.ts'
import {
  type DigitSettings,
  FULL_DIGITS,
  NORMAL_BY_LOCAL_TRICK,
  TINY_DIGITS,
  withTrainedDigits,
} from '../shared/digitExperiment.ts'
import type { DigitSplits } from '../shared/digits.ts'
import { klFloor } from '../shared/klFloor.ts'
import type { BayesianChoice } from '../shared/network.ts'
import { HEAVY_TAILS } from '../shared/priorChoice.ts'
import type { TrainingChoice } from '../shared/train.ts'
import type { PosteriorResult, RemedyConfiguration, RemedyResult } from './parts.ts'
import { overPruningReport } from './report.ts'

const FULL: DigitSettings = FULL_DIGITS
const PLAIN: TrainingChoice = { epochs: 15, batchSize: 250, learningRate: 2e-3, heldEpochs: 0, heldBeta: 1 }

/** The method's own weakness, and what helps. */
export const overPruning: Experiment<RemedyConfiguration, RemedyResult, DigitSettings> = {
  name: 'over-pruning',
  title: 'Over-pruning, and what helps',
  description:
    'Trained to its optimum, the ELBO of a wide network pushes most weights back to their prior, where they only add noise: the mean weights predict better than ' +
    'the posterior, and a deterministic network better than both. Each remedy is judged at its best ELBO, which stands beside its error.',
  takes: 'about half an hour a seed on two cores',
  seeds: 1,
  version: 1,

  plan(size) {
    const configurations = remedies(size === 'full' ? PLAIN : { ...PLAIN, epochs: 1, batchSize: 32 })
    const tiny = ['baseline', 'shifts', 'deterministic']
    return {
      settings: { ...(size === 'full' ? FULL : TINY_DIGITS) },
      configurations:
        size === 'full'
          ? configurations
          : configurations.filter(({ name }) => tiny.includes(name)).map(({ architecture: _, ...each }) => each),
    }
  },

  async run({ configuration, seed }, settings, context) {
    const { trained, inspected } = await withTrainedDigits(
      configuration,
      settings,
      seed,
      context,
      (model, splits) =>
        configuration.bayesian === null
          ? Promise.resolve(null)
          : inspect(model, splits, configuration.bayesian, settings, seed, context),
      'elbo',
    )
    return { trained, posterior: inspected }
  },

  report(parts) {
    return overPruningReport(parts)
  },
}

function remedies(training: TrainingChoice): RemedyConfiguration[] {
  const base = NORMAL_BY_LOCAL_TRICK
  const remedy = (
    name: string,
    title: string,
    change: Partial<BayesianChoice>,
    other: Partial<TrainingChoice> = {},
  ): RemedyConfiguration => ({
    name,
    title,
    bayesian: { ...base, ...change },
    training: { ...training, ...other },
  })
  return [
    remedy('baseline', 'Baseline', {}),
    { name: 'deterministic', title: 'Deterministic', bayesian: null, training: { ...training, learningRate: 1e-3 } },
    remedy('learned-scale', 'Prior scale by the ELBO (empirical Bayes)', { learnPriorScale: true }),
    remedy('mixture', 'Scale-mixture prior', {
      kl: 'upperBound',
      prior: HEAVY_TAILS,
    }),
    remedy('laplace', 'Laplace prior', { prior: { family: 'laplace', scale: PRIOR_SIGMA } }),
    remedy('shifts', 'Wider data (shifts by a pixel)', {}, { shifts: true }),
    remedy('warm-up', 'KL warm-up', {}, { heldEpochs: 8, heldBeta: 0.1 }),
    remedy('constant-rate', 'No decay of the learning rate', {}, { learningRate: 1e-3, constantRate: true }),
    remedy('wide-start', 'Initial sigma at the prior', { initialSigma: PRIOR_SIGMA }),
    remedy('tight-start', 'Initial sigma a hundredth of it', { initialSigma: PRIOR_SIGMA / 100 }),
    { ...remedy('fewer-units', 'Fewer units (100)', {}), architecture: { kind: 'dense', hidden: [100, 100] } },
  ]
}

/** Nats above the floor of the KL up to which a weight counts as at its prior. */
const AT_PRIOR = 0.01

async function inspect(
  model: tf.LayersModel,
  { validation, test }: DigitSplits,
  bayesian: BayesianChoice,
  { testDraws }: DigitSettings,
  seed: number,
  { signal }: PartContext,
): Promise<PosteriorResult> {
  const report = await overPruningOf(model, { threshold: AT_PRIOR + klFloor(bayesian) })
  const masks = await pruningMasks(model, { by: 'kl', fraction: report.priorShare })
  const options = { seed, samples: testDraws, signal }
  const withoutPriorWeights = await disposing(prune(model, masks), async (pruned) =>
    disposing(await predictive(pruned, test.x, options), async ({ probabilities, logProbabilities }) => ({
      error: errorRate(probabilities, test.labels),
      nll: nllOfLogProbabilities(logProbabilities, test.labels),
    })),
  )
  const { temperature } = await disposing(await predictive(model, validation.x, options), async ({ logProbabilities }) =>
    fitTemperature(logProbabilities, validation.labels),
  )
  const scaled = await disposing(await predictive(model, test.x, options), async ({ logProbabilities }) =>
    disposing(atTemperature(logProbabilities, temperature), async (each) => ({
      error: await disposing(tf.exp(each), async (probabilities) => errorRate(probabilities, test.labels)),
      nll: nllOfLogProbabilities(each, test.labels),
    })),
  )
  return { report, withoutPriorWeights, atTemperature: { ...scaled, temperature } }
}
