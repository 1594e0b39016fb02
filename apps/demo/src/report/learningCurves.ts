import * as Plot from '@observablehq/plot'
import { CONTESTANTS, DETERMINISTIC } from '../contestants.ts'
import type { Epoch, TrainingFile } from '../run/trainingFile.ts'
import { drawFigure, type Figure } from './figure.ts'
import { logTicks } from './logTicks.ts'
import { color, seriesColor } from './palette.ts'

interface Point {
  readonly epoch: number
  readonly value: number
  readonly stroke: string
  readonly name: string
  readonly split: 'training' | 'validation'
  readonly kept: boolean
}

const VALIDATION_DASH = '4,3'

/** ELBO, NLL and KL per example after each epoch, one chart each; training solid, validation dashed, the kept epoch ringed. */
export function learningCurves(training: TrainingFile): Figure[] {
  return [
    curves(training, {
      name: 'elbo',
      title: 'ELBO per example',
      axis: 'ELBO',
      values: (epoch) => ({ training: epoch.elbo, validation: epoch.validation.elbo }),
      bayesianOnly: true,
    }),
    curves(training, {
      name: 'nll',
      title: 'Negative log-likelihood per example',
      axis: 'NLL',
      values: (epoch) => ({ training: epoch.nll, validation: epoch.validation.nll }),
      bayesianOnly: false,
    }),
    curves(training, {
      name: 'kl',
      title: 'KL per example',
      axis: 'KL / N',
      values: (epoch) => ({ training: epoch.klPerExample }),
      bayesianOnly: true,
    }),
  ]
}

interface Quantity {
  readonly name: string
  readonly title: string
  readonly axis: string
  readonly bayesianOnly: boolean
  values(epoch: Epoch): Partial<Record<Point['split'], number>>
}

function curves(training: TrainingFile, quantity: Quantity): Figure {
  const shown = CONTESTANTS.map((contestant, i) => ({
    contestant,
    stroke: seriesColor(i),
    model: training.models.find((model) => model.name === contestant.name),
  })).filter(({ contestant, model }) => model !== undefined && !(quantity.bayesianOnly && contestant.name === DETERMINISTIC))
  const points: Point[] = shown.flatMap(({ contestant, stroke, model }) =>
    model!.epochs.flatMap((epoch) =>
      Object.entries(quantity.values(epoch)).map(([split, value]) => ({
        epoch: epoch.epoch,
        value,
        stroke,
        name: contestant.title,
        split: split as Point['split'],
        kept: epoch.epoch === model!.keptEpoch,
      })),
    ),
  )
  const withValidation = points.some((point) => point.split === 'validation')
  const key = [
    ...shown.map(({ contestant, stroke }) => ({ label: contestant.title, color: stroke })),
    ...(withValidation ? [{ label: 'validation', color: color('muted'), dash: VALIDATION_DASH }] : []),
  ]
  const ticks = logTicks(points.map((point) => point.value))
  const line = (split: Point['split'], strokeDasharray?: string): Plot.Markish =>
    Plot.line(
      points.filter((point) => point.split === split),
      {
        x: 'epoch',
        y: 'value',
        z: 'name',
        stroke: 'stroke',
        strokeWidth: 1.75,
        ...(strokeDasharray === undefined ? {} : { strokeDasharray }),
      },
    )
  return drawFigure(
    { name: quantity.name, caption: `${quantity.title}, in nats on a log scale.`, key },
    {
      width: 300,
      height: 250,
      x: { label: 'epoch', ticks: epochTicks(points), tickFormat: 'd', inset: 8 },
      y: { type: 'log', axis: null, inset: 8 },
      color: { type: 'identity' },
      marks: [
        Plot.gridY(ticks),
        // With text of its own: a log scale would leave out the labels of most ticks.
        Plot.axisY(ticks, { label: `↑ ${quantity.axis}`, text: (value: number) => `${value}`.replace('-', '−') }),
        line('training'),
        line('validation', VALIDATION_DASH),
        Plot.dot(points, { x: 'epoch', y: 'value', fill: 'stroke', r: 2, title: describe }),
        Plot.dot(
          points.filter((point) => point.kept && point.split === (withValidation ? 'validation' : 'training')),
          { x: 'epoch', y: 'value', stroke: 'stroke', r: 5, strokeWidth: 1.5, title: describe },
        ),
      ],
    },
  )
}

const describe = ({ name, split, epoch, value, kept }: Point): string =>
  `${name}, ${split}, epoch ${epoch}: ${value.toFixed(4)} nats${kept ? ' (kept)' : ''}`

function epochTicks(points: readonly Point[]): number[] {
  const last = Math.max(...points.map((point) => point.epoch))
  const step = Math.max(1, Math.ceil(last / 10))
  return Array.from({ length: Math.floor(last / step) }, (_, i) => (i + 1) * step)
}
