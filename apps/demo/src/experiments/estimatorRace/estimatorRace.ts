import { categorical, type EpochRecord, fit, terminalProgress } from '@tfjs-bayes/training'
import { INITIAL_SIGMA, PRIOR_SIGMA } from '../../contestants.ts'
import { decimals, duration } from '../../format.ts'
import type { Figure } from '../../report/figure.ts'
import { seriesColor } from '../../report/palette.ts'
import type { Configuration, Experiment, ExperimentReport, FinishedPart } from '../framework/experiment.ts'
import { withDigitNetwork } from '../shared/digitExperiment.ts'
import { lineChart } from '../shared/lineChart.ts'
import type { BayesianChoice } from '../shared/network.ts'
import { byConfiguration, formatSpread, spreadOf } from '../shared/spread.ts'

/** A runner of the race. */
interface RaceConfiguration extends Configuration {
  readonly bayesian: BayesianChoice
  /** A step takes two draws of opposite noise; default one draw. */
  readonly antithetic?: true
}

interface RaceSettings {
  readonly trainRows: number
  readonly validationRows: number
  readonly testRows: number
  readonly hidden: number
  readonly epochs: number
  readonly batchSize: number
  readonly learningRate: number
  readonly validationSamples: number
}

interface RaceEpoch {
  readonly epoch: number
  /** Training steps since the start. */
  readonly seconds: number
  readonly trainElbo: number
  readonly validationElbo: number
  readonly validationNll: number
  readonly klPerExample: number
}

interface RaceResult {
  readonly epochs: readonly RaceEpoch[]
  readonly compiled: boolean
}

const FULL: RaceSettings = {
  trainRows: 50_000,
  validationRows: 10_000,
  testRows: 1,
  hidden: 400,
  epochs: 6,
  batchSize: 128,
  learningRate: 1e-3,
  validationSamples: 3,
}
const TINY: RaceSettings = {
  ...FULL,
  trainRows: 128,
  validationRows: 64,
  hidden: 8,
  epochs: 2,
  batchSize: 32,
  validationSamples: 1,
}

const runner = (
  name: string,
  title: string,
  estimator: BayesianChoice['estimator'],
  kl: BayesianChoice['kl'] = 'closed',
  options: Pick<RaceConfiguration, 'antithetic'> = {},
): RaceConfiguration => ({
  name,
  title,
  ...options,
  bayesian: {
    estimator,
    kl,
    prior: { family: 'normal', sigma: PRIOR_SIGMA },
    learnPriorScale: false,
    initialSigma: INITIAL_SIGMA,
  },
})

/** "Lower variance, faster convergence": the validation ELBO of each estimator against epochs and against seconds. */
export const estimatorRace: Experiment<RaceConfiguration, RaceResult, RaceSettings> = {
  name: 'estimator-race',
  title: 'Which estimator gets there first?',
  description:
    'The same network (784-400-400-10, prior N(0, 0.1²)) from the same weights, on the same batches and at the same learning rate, once with each estimator: ' +
    'the ELBO on the validation digits against epochs and against seconds of training.',
  takes: 'about ten minutes a seed on two cores',
  seeds: 3,
  version: 1,

  plan(size) {
    return {
      settings: { ...(size === 'tiny' ? TINY : FULL) },
      configurations: [
        runner('local-reparameterization', 'Local reparameterization', 'localReparameterization'),
        runner('weight-sampling', 'Weight sampling, closed KL', 'weightSampling'),
        runner('flipout', 'Flipout', 'flipout'),
        runner('weight-sampling-mc', 'Weight sampling, Monte-Carlo KL', 'weightSampling', 'monteCarlo'),
        runner('weight-sampling-antithetic', 'Weight sampling, Monte-Carlo KL, opposite pairs', 'weightSampling', 'monteCarlo', {
          antithetic: true,
        }),
      ],
    }
  },

  run({ configuration, seed }, settings, context) {
    const { hidden, epochs, batchSize, learningRate, validationSamples, ...sizes } = settings
    const network = { architecture: { kind: 'dense', hidden: [hidden, hidden] }, bayesian: configuration.bayesian } as const
    return withDigitNetwork(network, sizes, seed, context, async (model, { train, validation }) => {
      const history = await fit(
        model,
        { x: train.x, y: train.y, validation },
        {
          likelihood: categorical(),
          epochs,
          batchSize,
          learningRate,
          validationSamples,
          ...(configuration.antithetic && { samples: 2, noise: 'antithetic' }),
          seed,
          signal: context.signal,
          progress: terminalProgress(context.progress),
        },
      )
      context.signal.throwIfAborted()
      return { epochs: raceEpochs(history.epochs), compiled: history.execution.compiled }
    })
  },

  report(parts) {
    return raceReport(parts)
  },
}

function raceEpochs(records: readonly EpochRecord[]): RaceEpoch[] {
  let elapsed = 0
  return records.map(({ epoch, seconds, elbo, klPerExample, validation }) => {
    elapsed += seconds
    return {
      epoch: epoch + 1,
      seconds: elapsed,
      trainElbo: elbo,
      validationElbo: validation!.elbo,
      validationNll: validation!.nll,
      klPerExample,
    }
  })
}

type Row = readonly FinishedPart<RaceConfiguration, RaceResult>[]

const titleOf = (row: Row): string => row[0]!.configuration.title
const finalElbo = (row: Row): number => spreadOf(row.map(({ result }) => result.epochs.at(-1)!.validationElbo)).mean

function raceReport(parts: Row): ExperimentReport {
  const rows = byConfiguration(parts)
  const ranked = [...rows].sort((a, b) => finalElbo(b) - finalElbo(a))
  const [first, last] = [ranked[0]!, ranked.at(-1)!]
  // The level that every runner reaches: the worst of the final ELBOs.
  const goal = Math.min(...parts.map(({ result }) => Math.max(...result.epochs.map((epoch) => epoch.validationElbo))))
  const reached = ({ result }: Row[number]): RaceEpoch => result.epochs.find((epoch) => epoch.validationElbo >= goal)!
  return {
    lead: `After ${parts[0]!.result.epochs.length} epochs ${titleOf(first)} has the best validation ELBO, ${decimals(finalElbo(first), 3)} nats per example; ${titleOf(last)} the lowest, ${decimals(finalElbo(last), 3)}.`,
    remarks: rows.map((row) => {
      const epochs = spreadOf(row.map((part) => reached(part).epoch)).mean
      const seconds = spreadOf(row.map((part) => reached(part).seconds)).mean
      return `${titleOf(row)} reaches an ELBO of ${decimals(goal, 3)}, which all reach, in ${Number(epochs.toFixed(1))} epochs and ${duration(seconds)} of training.`
    }),
    tables: [
      {
        title: 'At the end',
        note: 'Nats per example. Seconds are those of the training steps; on a busy machine they say little.',
        table: {
          columns: [
            { heading: 'estimator' },
            ...['validation ELBO', 'training ELBO', 'KL / N', 'validation NLL', 'epochs to the common level', 's/epoch'].map(
              (heading) => ({ heading, numeric: true }),
            ),
          ],
          rows: rows.map((row) => {
            const cell = (pick: (epoch: RaceEpoch) => number, digits = 4): string =>
              formatSpread(
                row.map(({ result }) => pick(result.epochs.at(-1)!)),
                (value) => decimals(value, digits),
              )
            return [
              titleOf(row),
              cell((epoch) => epoch.validationElbo),
              cell((epoch) => epoch.trainElbo),
              cell((epoch) => epoch.klPerExample),
              cell((epoch) => epoch.validationNll),
              formatSpread(
                row.map((part) => reached(part).epoch),
                (value) => decimals(value, 1),
              ),
              cell((epoch) => epoch.seconds / epoch.epoch, 1),
            ]
          }),
        },
      },
    ],
    figures: [
      {
        title: 'The race',
        note: 'Means over the seeds, on a log scale of the negative ELBO: lower is better.',
        figures: [
          raceChart(rows, 'epochs', 'epoch', (epoch) => epoch.epoch),
          raceChart(rows, 'seconds', 'seconds of training', (epoch) => epoch.seconds),
        ],
      },
    ],
  }
}

function raceChart(rows: readonly Row[], name: string, label: string, x: (epoch: RaceEpoch) => number): Figure {
  return lineChart({
    name: `race-${name}`,
    caption: `Negative validation ELBO (nats per example) against ${label}.`,
    x: { label },
    y: { label: '−ELBO (nats)', scale: 'log' },
    lines: rows.map((row, i) => ({
      label: titleOf(row),
      color: seriesColor(i),
      points: row[0]!.result.epochs.map((_, epoch) => ({
        x: spreadOf(row.map(({ result }) => x(result.epochs[epoch]!))).mean,
        y: -spreadOf(row.map(({ result }) => result.epochs[epoch]!.validationElbo)).mean,
      })),
    })),
  })
}
