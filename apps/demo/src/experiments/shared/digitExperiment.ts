import type * as tf from '@tensorflow/tfjs'
import { INITIAL_SIGMA, PRIOR_SIGMA } from '../../contestants.ts'
import { disposing } from '../../stages/disposing.ts'
import type { PartContext } from '../framework/experiment.ts'
import { type DigitSplits, digitSplits } from './digits.ts'
import { type Architecture, type BayesianChoice, buildNetwork } from './network.ts'
import { type JudgingChoice, type TrainedResult, type TrainingChoice, trainAndJudge } from './train.ts'

/** What experiments on networks of 400 units share. */
export interface DigitSettings extends JudgingChoice {
  readonly trainRows: number
  readonly validationRows: number
  readonly testRows: number
  readonly hidden: number
}

export const FULL_DIGITS: DigitSettings = {
  trainRows: 50_000,
  validationRows: 10_000,
  testRows: 10_000,
  hidden: 400,
  validationDraws: 5,
  testDraws: 100,
  klLimit: null,
}

export const TINY_DIGITS: DigitSettings = {
  trainRows: 128,
  validationRows: 32,
  testRows: 32,
  hidden: 8,
  validationDraws: 2,
  testDraws: 3,
  klLimit: null,
}

/** The posterior of the seed's experiments: local reparameterization, prior N(0, 0.1^2). */
export const NORMAL_BY_LOCAL_TRICK: BayesianChoice = {
  estimator: 'localReparameterization',
  kl: 'closed',
  prior: { family: 'normal', sigma: PRIOR_SIGMA },
  learnPriorScale: false,
  initialSigma: INITIAL_SIGMA,
}

/** With a warm-up: see the table of MNIST networks. */
export const WARM_TRAINING: TrainingChoice = { epochs: 20, batchSize: 250, learningRate: 2e-3, heldEpochs: 8, heldBeta: 0.1 }
export const TINY_TRAINING: TrainingChoice = { epochs: 2, batchSize: 32, learningRate: 3e-3, heldEpochs: 1, heldBeta: 0.1 }

/**
 * Trains one network on digits and hands it out at the epoch that validation chose.
 *
 * @param inspect gets the network, with the splits
 */
export function withTrainedDigits<T>(
  choice: { readonly bayesian: BayesianChoice | null; readonly training: TrainingChoice; readonly architecture?: Architecture },
  settings: DigitSettings,
  seed: number,
  context: PartContext,
  inspect: (model: tf.LayersModel, splits: DigitSplits) => Promise<T>,
  by: 'nll' | 'elbo' = 'nll',
): Promise<{ readonly trained: TrainedResult; readonly inspected: T }> {
  const { hidden } = settings
  const architecture = choice.architecture ?? { kind: 'dense', hidden: [hidden, hidden] }
  return disposing(digitSplits(context.dataFolder, settings), (splits) =>
    disposing(buildNetwork(architecture, choice.bayesian, seed), async (model) => {
      const found: T[] = []
      const options = { ...choice.training, ...settings, seed }
      const trained = await trainAndJudge(model, splits, options, context, async (each, chosenBy) => {
        // Where both choose the same epoch it is shown once, as that of the NLL.
        if (chosenBy === by || found.length === 0) found.push(await inspect(each, splits))
      })
      return { trained, inspected: found.at(-1)! }
    }),
  )
}
