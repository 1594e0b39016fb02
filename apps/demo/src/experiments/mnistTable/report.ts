import { decimals, integer, percent } from '../../format.ts'
import type { Figure } from '../../report/figure.ts'
import { color, seriesColor } from '../../report/palette.ts'
import type { ExperimentReport, FinishedPart } from '../framework/experiment.ts'
import { type Line, lineChart } from '../shared/lineChart.ts'
import { describePrior } from '../shared/priorChoice.ts'
import { byConfiguration, formatSpread, spreadOf } from '../shared/spread.ts'
import type { Chosen, EpochResult, TrainedResult } from '../shared/train.ts'
import type { TableConfiguration } from './configurations.ts'
import { floorOf } from './floor.ts'
import type { TableSettings } from './parts.ts'

type Row = readonly FinishedPart<TableConfiguration, TrainedResult>[]

/** At which the published rows ended, nats per example, read off their figures. */
const PUBLISHED_KL = 3

/** What the finished rows say. */
export function tableReport(parts: Row, settings: TableSettings): ExperimentReport {
  const rows = byConfiguration(parts)
  return {
    lead: lead(rows, settings),
    remarks: rows.flatMap((row) => remark(row, settings) ?? []),
    tables: [
      {
        title: 'Chosen by validation NLL',
        note:
          `${settings.klLimit === null ? 'Among all epochs with beta 1.' : `Among the epochs with beta 1 whose KL is at most ${settings.klLimit} nats per example above its floor: what the prior costs a network that knows nothing, since a normal posterior never fits a prior of another shape.`} ELBO, NLL and KL / N are nats per training example at those weights; ` +
          `test figures are those of ${settings.testDraws} posterior samples, and of one pass with the posterior means. "Published" is the table in the README of ` +
          `JavierAntoran/Bayesian-Neural-Networks, whose rows ended with a KL of about 3 nats per example and were not chosen on a validation set.`,
        table: {
          columns: columns(
            'published',
            'epoch',
            'KL / N',
            'floor',
            'ELBO',
            'test error',
            'test NLL',
            'val. NLL',
            'ECE',
            'mean: error',
            'mean: NLL',
            's/epoch',
            'CPU s/epoch',
          ),
          rows: rows.map((row) => [
            row[0]!.configuration.title,
            published(row[0]!.configuration),
            ...withFloor(
              chosenCells(
                row.flatMap(({ result }) => result.byNll ?? []),
                row,
              ),
              row,
              settings,
            ),
            ...(['seconds', 'cpuSeconds'] as const).map((which) =>
              formatSpread(
                row.flatMap(({ result }) => median(result.epochs.flatMap((epoch) => epoch[which] ?? [])) ?? []),
                (value) => decimals(value, 1),
              ),
            ),
          ]),
        },
      },
      {
        title: 'How each was trained',
        table: {
          columns: [
            ...['network', 'prior of every weight', 'estimator', 'KL by', 'layers'].map((heading) => ({ heading })),
            ...['initial σ', 'parameters', 'epochs', 'batch', 'learning rate'].map((heading) => ({ heading, numeric: true })),
          ],
          rows: rows.map((row) => trainingCells(row)),
        },
      },
      {
        title: 'The best ELBO reached',
        note: `The same runs at the epoch with the highest ELBO on the training rows: what the objective itself asks for, as far as the run went. Test figures of ${settings.elboTestDraws} posterior samples.`,
        table: {
          columns: columns('epoch', 'KL / N', 'ELBO', 'test error', 'test NLL', 'val. NLL', 'ECE', 'mean: error', 'mean: NLL'),
          rows: rows.map((row) => [
            row[0]!.configuration.title,
            ...chosenCells(
              row.map(({ result }) => result.byElbo),
              row,
            ),
          ]),
        },
      },
    ],
    figures: [
      {
        title: 'Through training',
        note: 'One seed each. Along the first chart time runs from right to left: the KL falls all the time. The error falls with it in the warm-up, and rises when the KL counts in full: what the ELBO gains is paid for in predictions.',
        figures: charts(rows),
      },
    ],
  }
}

const columns = (...numeric: string[]): { heading: string; numeric?: boolean }[] => [
  { heading: 'network' },
  ...numeric.map((heading) => ({ heading, numeric: true })),
]

function chosenCells(chosen: readonly Chosen[], row: Row): string[] {
  if (chosen.length === 0) return ['none', ...Array<string>(8).fill('–')]
  const nats = (pick: (one: Chosen) => number, digits = 4): string =>
    formatSpread(chosen.map(pick), (value) => decimals(value, digits))
  const share = (pick: (one: Chosen) => number): string => formatSpread(chosen.map(pick), (value) => percent(value))
  const hasPosterior = row[0]!.configuration.bayesian !== null
  return [
    chosen.map(({ epoch }) => epoch).join(', '),
    hasPosterior ? nats((one) => one.train.klPerExample, 3) : '–',
    hasPosterior ? nats((one) => one.train.elbo, 3) : '–',
    share((one) => one.test.error),
    nats((one) => one.test.nll),
    nats((one) => one.validation.nll),
    nats((one) => one.test.ece),
    ...(hasPosterior ? [share((one) => one.testAtMean.error), nats((one) => one.testAtMean.nll)] : ['–', '–']),
  ]
}

/** The floor of the KL stands beside the KL. */
function withFloor([epoch, klPerExample, ...others]: readonly string[], row: Row, settings: TableSettings): string[] {
  const { configuration, result } = row[0]!
  return [
    epoch!,
    klPerExample!,
    configuration.bayesian === null ? '–' : decimals(floorOf(configuration, settings, result.parameters), 2),
    ...others,
  ]
}

function trainingCells(row: Row): string[] {
  const { title, bayesian, architecture, training } = row[0]!.configuration
  const layers = [
    ...(architecture.kind === 'convolutional' ? architecture.filters.map((filters) => `${filters} filters`) : []),
    ...architecture.hidden,
  ]
  return [
    title,
    bayesian === null ? '–' : `${describePrior(bayesian.prior)}${bayesian.learnPriorScale ? ', scale learned by layer' : ''}`,
    bayesian?.estimator ?? '–',
    bayesian?.kl ?? '–',
    layers.join('-'),
    bayesian === null ? '–' : String(bayesian.initialSigma),
    integer(row[0]!.result.parameters),
    training.heldEpochs > 0
      ? `${training.heldEpochs} at beta ${training.heldBeta}, ${training.epochs - training.heldEpochs} at 1`
      : String(training.epochs),
    String(training.batchSize),
    String(training.learningRate),
  ]
}

const published = ({ published: figures }: TableConfiguration): string =>
  figures === null ? '–' : `${percent(figures.error)} / ${decimals(figures.nll)}`

function lead(rows: readonly Row[], { klLimit }: TableSettings): string {
  const compared = rows.filter((row) => row[0]!.configuration.published !== null)
  const beaten = compared.filter((row) => beats(row) === true)
  const names = beaten.map((row) => row[0]!.configuration.title).join('; ')
  return compared.length === 0
    ? 'None of the published rows has been computed yet.'
    : `${beaten.length} of the ${compared.length} published rows that have been computed are beaten in test error and in nats, ${limited(klLimit)}the epoch chosen on validation digits alone${names === '' ? '' : ` (${names})`}.`
}

/** The limit in words, or nothing. */
const limited = (klLimit: number | null): string =>
  klLimit === null ? 'with ' : `with a KL of at most ${klLimit} nats per example above its floor and `

/** Whether the row's mean beats the published one in both figures; undefined where no epoch could be chosen. */
function beats(row: Row): boolean | undefined {
  const figures = row[0]!.configuration.published
  const chosen = row.flatMap(({ result }) => result.byNll ?? [])
  if (figures === null || chosen.length === 0) return undefined
  const mean = (pick: (one: Chosen) => number): number => spreadOf(chosen.map(pick)).mean
  return mean((one) => one.test.error) < figures.error && mean((one) => one.test.nll) < figures.nll
}

function remark(row: Row, { klLimit }: TableSettings): string | undefined {
  const { title, bayesian, published: figures } = row[0]!.configuration
  if (bayesian === null) return undefined
  const chosen = row.flatMap(({ result }) => result.byNll ?? [])
  if (chosen.length === 0) return `${title}: no epoch came below a KL of ${klLimit} nats per example above its floor.`
  const mean = (pick: (one: Chosen) => number): number => spreadOf(chosen.map(pick)).mean
  const [error, nll, kl] = [mean((one) => one.test.error), mean((one) => one.test.nll), mean((one) => one.train.klPerExample)]
  const free = row[0]!.result.epochs.reduce((a, b) => (b.validation.nll < a.validation.nll ? b : a))
  const against =
    figures === null
      ? ''
      : ` against ${percent(figures.error)} and ${decimals(figures.nll)}: ${beats(row) ? 'better in both' : error < figures.error || nll < figures.nll ? 'better in one of the two' : 'worse'}`
  return (
    `${title}: ${percent(error)} and ${decimals(nll)} nats at a KL of ${decimals(kl, 2)} nats per example${against}. ` +
    `Among all epochs, those of the warm-up too, the validation NLL was lowest in epoch ${free.epoch}, at beta ${Number(free.beta.toFixed(2))} and a KL of ${decimals(free.klAtEnd, 1)}.`
  )
}

function charts(rows: readonly Row[]): Figure[] {
  const lines = (keep: (row: Row) => boolean, point: (epoch: EpochResult) => { x: number; y: number }): Line[] =>
    rows.flatMap((row, i) =>
      keep(row)
        ? [
            {
              label: row[0]!.configuration.title,
              color: seriesColor(i),
              ...(i >= 8 ? { dash: '4,3' } : {}),
              points: row[0]!.result.epochs.map(point),
            },
          ]
        : [],
    )
  const bayesian = (row: Row): boolean => row[0]!.configuration.bayesian !== null
  return [
    lineChart({
      name: 'error-against-kl',
      caption:
        'Validation error (%) of the posterior predictive against KL per example (nats), one dot an epoch; loose dots: test error of the chosen epochs and of the published rows.',
      x: { label: 'KL / N (nats)', scale: 'log' },
      y: { label: 'error (%)', scale: 'log' },
      lines: [
        ...lines(bayesian, (epoch) => ({ x: epoch.klAtEnd, y: 100 * epoch.validation.error })),
        {
          label: 'the chosen epochs: test error',
          color: color('accent'),
          dash: '1,3',
          loose: true,
          points: rows
            .filter(bayesian)
            .flatMap((row) =>
              row.flatMap(({ result: { byNll } }) => (byNll ? [{ x: byNll.train.klPerExample, y: 100 * byNll.test.error }] : [])),
            ),
        },
        {
          label: 'the published rows: test error, KL of about 3',
          color: color('ink'),
          dash: '1,3',
          loose: true,
          points: rows.flatMap((row) => {
            const figures = row[0]!.configuration.published
            return figures === null ? [] : [{ x: PUBLISHED_KL, y: 100 * figures.error }]
          }),
        },
      ],
    }),
    lineChart({
      name: 'validation-nll',
      caption: 'Validation NLL (nats) of the posterior predictive after each epoch.',
      x: { label: 'epoch' },
      y: { label: 'validation NLL (nats)', scale: 'log' },
      lines: lines(
        () => true,
        (epoch) => ({ x: epoch.epoch, y: epoch.validation.nll }),
      ),
    }),
    lineChart({
      name: 'elbo',
      caption: 'Negative ELBO per training example (nats), running mean over each epoch.',
      x: { label: 'epoch' },
      y: { label: 'NLL + KL / N (nats)', scale: 'log' },
      lines: lines(bayesian, (epoch) => ({ x: epoch.epoch, y: -epoch.elbo })),
    }),
  ]
}

function median(values: readonly number[]): number | undefined {
  const sorted = [...values].sort((a, b) => a - b)
  return sorted[sorted.length >> 1]
}
