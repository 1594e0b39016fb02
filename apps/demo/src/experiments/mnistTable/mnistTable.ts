import type { Experiment } from '../framework/experiment.ts'
import { withDigitNetwork } from '../shared/digitExperiment.ts'
import type { Architecture } from '../shared/network.ts'
import { type TrainedResult, type TrainingChoice, trainAndJudge } from '../shared/train.ts'
import { CONFIGURATIONS, type TableConfiguration } from './configurations.ts'
import { floorOf } from './floor.ts'
import type { TableSettings } from './parts.ts'
import { tableReport } from './report.ts'

const FULL: TableSettings = {
  trainRows: 50_000,
  validationRows: 10_000,
  testRows: 10_000,
  validationDraws: 2,
  testDraws: 100,
  elboTestDraws: 20,
  klLimit: 3,
}

const TINY: TableSettings = {
  trainRows: 256,
  validationRows: 64,
  testRows: 64,
  validationDraws: 2,
  testDraws: 3,
  elboTestDraws: 3,
  klLimit: null,
}
const TINY_TRAINING: TrainingChoice = { epochs: 3, batchSize: 64, learningRate: 3e-3, heldEpochs: 1, heldBeta: 0.1 }
const TINY_ARCHITECTURE: Readonly<Record<Architecture['kind'], Architecture>> = {
  dense: { kind: 'dense', hidden: [12, 12] },
  convolutional: { kind: 'convolutional', filters: [2, 2], hidden: [8] },
}

/** One row of each kind. */
const TINY_ROWS: readonly string[] = ['lrt-normal-learned', 'ws-laplace', 'deterministic', 'lrt-mixture', 'conv-normal-learned']

/** JavierAntoran's table of MNIST networks, with the KL of every row beside its error. */
export const mnistTable: Experiment<TableConfiguration, TrainedResult, TableSettings> = {
  name: 'mnist-table',
  title: 'MNIST, by prior and estimator',
  description:
    'The networks of a well-known table (784-1200-1200-10, prior of standard deviation 0.1, 100 posterior samples), trained on the ELBO. ' +
    'KL warm-up: beta is 0.05 for the first epochs and 1 for the last ones; only these can be chosen. ' +
    'The epoch is chosen by the validation NLL among those whose KL is at most 3 nats per example above its floor, what the prior costs a network that knows ' +
    'nothing (0 for a normal prior); KL and ELBO stand beside every error, ' +
    'since a low error with an enormous KL is no posterior.',
  takes: 'about three quarters of an hour on two idle cores',
  seeds: 1,
  version: 1,

  plan(size) {
    if (size === 'full') return { settings: { ...FULL }, configurations: CONFIGURATIONS }
    return {
      settings: { ...TINY },
      configurations: CONFIGURATIONS.filter(({ name }) => TINY_ROWS.includes(name)).map((each) => ({
        ...each,
        architecture: TINY_ARCHITECTURE[each.architecture.kind],
        training: TINY_TRAINING,
      })),
    }
  },

  run({ configuration, seed }, settings, context) {
    return withDigitNetwork(configuration, settings, seed, context, (model, splits) => {
      const limit = settings.klLimit
      const klLimit = limit === null ? null : limit + floorOf(configuration, settings, model.countParams())
      return trainAndJudge(model, splits, { ...configuration.training, ...settings, klLimit, seed }, context)
    })
  },

  report(parts, settings) {
    return tableReport(parts, settings)
  },
}
