import * as Plot from '@observablehq/plot'
import type { ReliabilityBin, Score } from '../run/evaluationFile.ts'
import { drawFigure, type Figure, type KeyEntry } from './figure.ts'
import { color } from './palette.ts'

/** One predictor of the diagram. */
export interface ReliabilitySeries extends KeyEntry {
  readonly score: Score
}

/** A bin with fewer examples says nothing about its accuracy. */
const LEAST_COUNT = 10

/** Accuracy against confidence, bin by bin: on the diagonal a network is right as often as it says. */
export function reliabilityDiagram(series: readonly ReliabilitySeries[]): Figure {
  const points = series.flatMap((one) =>
    one.score.bins.filter(hasEnough).map((bin) => ({ ...bin, stroke: one.color, label: one.label })),
  )
  const caption = 'Share of right answers against the confidence of the answer, on the test set.'
  return drawFigure(
    { name: 'reliability', caption, key: series },
    {
      height: 380,
      x: { label: 'confidence (largest probability)', domain: [0, 1], ticks: 5 },
      y: { label: 'accuracy', domain: [0, 1], grid: true, ticks: 5 },
      color: { type: 'identity' },
      r: { type: 'sqrt', domain: [0, Math.max(1, ...points.map((point) => point.count))], range: [2.5, 8] },
      marks: [
        Plot.line(
          [
            [0, 0],
            [1, 1],
          ],
          { stroke: color('muted'), strokeDasharray: '2,3' },
        ),
        ...series.map((one) =>
          Plot.line(
            points.filter((point) => point.label === one.label),
            {
              x: 'confidence',
              y: 'accuracy',
              stroke: 'stroke',
              strokeWidth: 1.75,
              ...(one.dash === undefined ? {} : { strokeDasharray: one.dash }),
            },
          ),
        ),
        Plot.dot(points, { x: 'confidence', y: 'accuracy', r: 'count', fill: 'stroke', fillOpacity: 0.75, title: describe }),
      ],
    },
  )
}

type FilledBin = ReliabilityBin & { readonly confidence: number; readonly accuracy: number }

const hasEnough = (bin: ReliabilityBin): bin is FilledBin => bin.count >= LEAST_COUNT

const describe = ({ label, confidence, accuracy, count }: FilledBin & { label: string }): string =>
  `${label}: ${count} digits with a mean confidence of ${(100 * confidence).toFixed(1)} %, ${(100 * accuracy).toFixed(1)} % of them right`
