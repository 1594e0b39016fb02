import type * as tf from '@tensorflow/tfjs'
import { INITIAL_SIGMA, PRIOR_SIGMA } from '../../contestants.ts'
import type { SplitSizes } from '../../mnist/mnist.ts'
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
  validationDraws: 3,
  testDraws: 30,
  elboTestDraws: 30,
  klLimit: null,
}

export const TINY_DIGITS: DigitSettings = {
  trainRows: 128,
  validationRows: 32,
  testRows: 32,
  hidden: 8,
  validationDraws: 2,
  testDraws: 3,
  elboTestDraws: 3,
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

/** The same from a wider start, which saves epochs: sigma has less far to go. */
export const WIDE_START: BayesianChoice = { ...NORMAL_BY_LOCAL_TRICK, initialSigma: 0.05 }

/** With a warm-up: see the table of MNIST networks. */
export const WARM_TRAINING: TrainingChoice = { epochs: 10, batchSize: 250, learningRate: 3e-3, heldEpochs: 7, heldBeta: 0.05 }
export const TINY_TRAINING: TrainingChoice = { epochs: 2, batchSize: 32, learningRate: 3e-3, heldEpochs: 1, heldBeta: 0.1 }

/** Hands out a new network and the digits for it, and clears both away afterwards. */
export function withDigitNetwork<T>(
  { architecture, bayesian }: { readonly architecture: Architecture; readonly bayesian: BayesianChoice | null },
  sizes: SplitSizes,
  seed: number,
  { dataFolder }: PartContext,
  use: (model: tf.Sequential, splits: DigitSplits) => Promise<T>,
): Promise<T> {
  return disposing(digitSplits(dataFolder, sizes), (splits) =>
    disposing(buildNetwork(architecture, bayesian, seed), (model) => use(model, splits)),
  )
}

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
  return withDigitNetwork({ architecture, bayesian: choice.bayesian }, settings, seed, context, async (model, splits) => {
    const found: T[] = []
    const options = { ...choice.training, ...settings, seed }
    const trained = await trainAndJudge(model, splits, options, context, async (each, chosenBy) => {
      // Where both choose the same epoch it is shown once, as that of the NLL.
      if (chosenBy === by || found.length === 0) found.push(await inspect(each, splits))
    })
    return { trained, inspected: found.at(-1)! }
  })
}
