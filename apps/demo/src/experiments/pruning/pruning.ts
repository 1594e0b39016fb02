import * as tf from '@tensorflow/tfjs'
import { exportModel } from '@tfjs-bayes/onnx'
import { dropDeadUnits, errorRate, nllOfLogProbabilities, predictive, prune, pruningMasks } from '@tfjs-bayes/training'
import { PRIOR_SIGMA } from '../../contestants.ts'
import { disposing } from '../../stages/disposing.ts'
import { statusLine } from '../../stages/stage.ts'
import type { Experiment, PartContext } from '../framework/experiment.ts'
import {
  FULL_DIGITS,
  TINY_DIGITS,
  TINY_TRAINING,
  WARM_TRAINING,
  WIDE_START,
  withTrainedDigits,
} from '../shared/digitExperiment.ts'
import type { DigitSet } from '../shared/digits.ts'
import type { BayesianChoice } from '../shared/network.ts'
import { HEAVY_TAILS } from '../shared/priorChoice.ts'
import type { PrunedPoint, PruningConfiguration, PruningResult, PruningSettings } from './parts.ts'
import { pruningReport } from './report.ts'

const FULL: PruningSettings = {
  ...FULL_DIGITS,
  hidden: 1200,
  fractions: [0, 0.3, 0.6, 0.8, 0.9, 0.95, 0.98, 0.99, 0.995],
  curveDraws: 20,
}
const TINY: PruningSettings = { ...TINY_DIGITS, fractions: [0, 0.6, 0.95], curveDraws: 2 }

const prunable = (name: string, title: string, bayesian: BayesianChoice): PruningConfiguration => ({
  name,
  title,
  bayesian,
  training: WARM_TRAINING,
})

/** How much of a posterior can go, by signal-to-noise and by KL, and how small the network gets. */
export const pruning: Experiment<PruningConfiguration, PruningResult, PruningSettings> = {
  name: 'pruning',
  title: 'What can go without being missed?',
  description:
    'Weights are removed from trained networks (784-1200-1200-10) by their signal-to-noise ratio |μ|/σ and by their KL; test error and NLL of the posterior ' +
    'predictive against the share removed. Units that lose all their weights are then left out, which makes a really smaller network.',
  takes: 'about twenty minutes a seed on two cores',
  seeds: 1,
  version: 1,

  plan(size) {
    const configurations = [
      prunable('lrt-normal', 'Local reparameterization, normal', WIDE_START),
      prunable('lrt-laplace', 'Local reparameterization, Laplace', {
        ...WIDE_START,
        prior: { family: 'laplace', scale: PRIOR_SIGMA },
      }),
      prunable('lrt-mixture', 'Local reparameterization, mixture', {
        ...WIDE_START,
        kl: 'upperBound',
        prior: HEAVY_TAILS,
      }),
    ]
    if (size === 'full') return { settings: { ...FULL }, configurations }
    return { settings: { ...TINY }, configurations: [{ ...configurations[0]!, training: TINY_TRAINING }] }
  },

  async run({ configuration, seed }, settings, context) {
    const { trained, inspected } = await withTrainedDigits(configuration, settings, seed, context, (model, { test }) =>
      curve(model, test, settings, seed, context),
    )
    return { trained, points: inspected }
  },

  report(parts, settings) {
    return pruningReport(parts, settings)
  },
}

async function curve(
  model: tf.LayersModel,
  test: DigitSet,
  { fractions, curveDraws }: PruningSettings,
  seed: number,
  { progress, signal }: PartContext,
): Promise<PrunedPoint[]> {
  const status = statusLine(progress)
  const points: PrunedPoint[] = []
  for (const by of ['signalToNoise', 'kl'] as const) {
    for (const fraction of fractions) {
      signal.throwIfAborted()
      status.update(`Pruned by ${by}: ${100 * fraction} %`)
      const masks = await pruningMasks(model, { by, fraction })
      points.push(
        await disposing(prune(model, masks), async (masked) => ({
          by,
          fraction,
          test: await disposing(await predictive(masked, test.x, { seed, samples: curveDraws, signal }), async (each) => ({
            error: errorRate(each.probabilities, test.labels),
            nll: nllOfLogProbabilities(each.logProbabilities, test.labels),
          })),
          smaller: await smallerNetwork(masked, test),
        })),
      )
    }
  }
  status.clear()
  return points
}

async function smallerNetwork(masked: tf.LayersModel, { x, count }: DigitSet): Promise<PrunedPoint['smaller']> {
  const { model, layers, parametersBefore, parametersAfter } = await dropDeadUnits(masked)
  return disposing(model, async () => {
    const difference = tf.tidy(() => {
      const rows = x.slice([0, 0], [Math.min(COMPARED_ROWS, count), -1])
      const [before, after] = [masked, model].map((each) => each.predict(rows) as tf.Tensor)
      return before!.sub(after!).abs().max()
    })
    const [largestDifference] = await difference.data()
    difference.dispose()
    return {
      units: layers.map((layer) => layer.after),
      parametersBefore,
      parametersAfter,
      onnxBytesMasked: exportModel(masked, EXPORT).length,
      onnxBytesSmaller: exportModel(model, EXPORT).length,
      largestDifference: largestDifference!,
    }
  })
}

/** Rows on which the smaller network is held against its masked twin. */
const COMPARED_ROWS = 500

const EXPORT = { mode: 'localReparameterization', noise: 'graph', samples: 30 } as const
