import type { Configuration } from '../framework/experiment.ts'
import type { Architecture, BayesianChoice } from '../shared/network.ts'
import { HEAVY_TAILS, type PriorChoice } from '../shared/priorChoice.ts'
import type { Quality, TrainingChoice } from '../shared/train.ts'

/** A row of the table. */
export interface TableConfiguration extends Configuration {
  readonly architecture: Architecture
  /** Null: a deterministic network. */
  readonly bayesian: BayesianChoice | null
  readonly training: TrainingChoice
  /** The row that it answers in the README of JavierAntoran/Bayesian-Neural-Networks (snapshot 49a02f1), or null. */
  readonly published: Quality | null
}

const PRIOR_SIGMA = 0.1
const NORMAL: PriorChoice = { family: 'normal', sigma: PRIOR_SIGMA }
const LAPLACE: PriorChoice = { family: 'laplace', scale: PRIOR_SIGMA }

const WIDE: Architecture = { kind: 'dense', hidden: [1200, 1200] }
const CONVOLUTIONAL: Architecture = { kind: 'convolutional', filters: [16, 32], hidden: [128] }

/** Chosen by validation NLL on networks of 400 units: without the warm-up the mean weights shrink before they have learned anything. */
const TRAINING: TrainingChoice = { epochs: 9, batchSize: 250, learningRate: 3e-3, heldEpochs: 7, heldBeta: 0.05 }
/** Chosen by validation runs: the sigmas of weight sampling move only where the whole KL meets the full rate, and with more whole epochs the validation NLL rises. */
const WEIGHT_SAMPLING_TRAINING: TrainingChoice = {
  epochs: 16,
  batchSize: 250,
  learningRate: 3e-3,
  heldEpochs: 12,
  heldBeta: 0.1,
  decay: 'whole',
}
/** Nothing to warm up. */
const DETERMINISTIC_TRAINING: TrainingChoice = { epochs: 9, batchSize: 250, learningRate: 1e-3, heldEpochs: 0, heldBeta: 1 }
const INITIAL_SIGMA = 0.05

const bayesian = (
  estimator: BayesianChoice['estimator'],
  kl: BayesianChoice['kl'],
  prior: PriorChoice,
  learnPriorScale = false,
): BayesianChoice => ({ estimator, kl, prior, learnPriorScale, initialSigma: INITIAL_SIGMA })

/** A KL that starts from a floor takes longer to come within the limit, so that the Laplace prior gets more whole epochs. */
function trainingOf(choice: BayesianChoice | null): TrainingChoice {
  if (choice === null) return DETERMINISTIC_TRAINING
  const laplace = choice.prior.family === 'laplace'
  if (choice.estimator === 'weightSampling')
    return laplace ? { ...WEIGHT_SAMPLING_TRAINING, epochs: 20 } : WEIGHT_SAMPLING_TRAINING
  return laplace ? { ...TRAINING, epochs: 10 } : TRAINING
}

const row = (
  name: string,
  title: string,
  choice: BayesianChoice | null,
  published: Quality | null = null,
  architecture: Architecture = WIDE,
  training: TrainingChoice = trainingOf(choice),
): TableConfiguration => ({ name, title, architecture, bayesian: choice, training, published })

/** The most telling rows first: that is the order in which they are computed. */
export const CONFIGURATIONS: readonly TableConfiguration[] = [
  row('lrt-normal', 'Local reparameterization, normal', bayesian('localReparameterization', 'closed', NORMAL), {
    error: 0.0261,
    nll: 0.1086,
  }),
  row(
    'lrt-normal-learned',
    'Local reparameterization, normal, scale learned',
    bayesian('localReparameterization', 'closed', NORMAL, true),
  ),
  row('ws-laplace', 'Weight sampling, Laplace', bayesian('weightSampling', 'monteCarlo', LAPLACE), {
    error: 0.0228,
    nll: 0.0893,
  }),
  row('deterministic', 'Deterministic', null),
  row('lrt-mixture', 'Local reparameterization, mixture', bayesian('localReparameterization', 'upperBound', HEAVY_TAILS)),
  row('ws-normal', 'Weight sampling, normal', bayesian('weightSampling', 'monteCarlo', NORMAL), { error: 0.026, nll: 0.11 }),
  row('ws-mixture', 'Weight sampling, mixture', bayesian('weightSampling', 'monteCarlo', HEAVY_TAILS), {
    error: 0.0238,
    nll: 0.1008,
  }),
  row('lrt-laplace', 'Local reparameterization, Laplace', bayesian('localReparameterization', 'closed', LAPLACE)),
  row(
    'conv-normal-learned',
    'Convolutional, normal, scale learned',
    bayesian('localReparameterization', 'closed', NORMAL, true),
    null,
    CONVOLUTIONAL,
  ),
  row(
    'conv-normal-learned-shifts',
    'Convolutional, normal, scale learned, digits shifted by a pixel',
    bayesian('localReparameterization', 'closed', NORMAL, true),
    null,
    CONVOLUTIONAL,
    { ...TRAINING, epochs: 12, heldEpochs: 9, shifts: true },
  ),
  row('conv-deterministic', 'Convolutional, deterministic', null, null, CONVOLUTIONAL),
]
