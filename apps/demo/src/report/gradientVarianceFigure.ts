import * as Plot from '@observablehq/plot'
import { CONTESTANTS } from '../contestants.ts'
import type { GradientVariance } from '../run/evaluationFile.ts'
import { drawFigure, type Figure } from './figure.ts'
import { seriesColor } from './palette.ts'

/** Variance of the gradient of each estimator, by layer and parameter, on a log scale. */
export function gradientVarianceFigure(variances: readonly GradientVariance[]): Figure {
  const estimators = variances.map(({ name, layers }) => {
    const place = CONTESTANTS.findIndex((contestant) => contestant.name === name)
    return { label: CONTESTANTS[place]!.title, color: seriesColor(place), layers }
  })
  const points = (['mu', 'rho'] as const).flatMap((parameter) =>
    estimators.flatMap(({ label, color: stroke, layers }) =>
      layers.map((layer, i) => ({
        label,
        stroke,
        row: `layer ${i + 1}, ${parameter === 'mu' ? 'μ' : 'ρ'}`,
        variance: layer[parameter],
      })),
    ),
  )
  const rows = [...new Set(points.map((point) => point.row))]
  const caption = 'Gradient variance per parameter, by layer, of the means (μ) and the unconstrained deviations (ρ); log scale.'
  return drawFigure(
    { name: 'gradient-variance', caption, key: estimators },
    {
      height: 50 + 14 * rows.length * estimators.length,
      marginLeft: 72,
      x: { type: 'log', label: 'variance', grid: true, ticks: 5, tickFormat: '~e', inset: 8 },
      fy: { domain: rows, label: null, padding: 0.15 },
      y: { axis: null, domain: estimators.map((estimator) => estimator.label) },
      color: { type: 'identity' },
      marks: [
        Plot.axisFy({ anchor: 'left', frameAnchor: 'left', dx: -62, textAnchor: 'start' }),
        Plot.link(points, {
          x1: lowest(points),
          x2: 'variance',
          y1: 'label',
          y2: 'label',
          fy: 'row',
          stroke: 'stroke',
          strokeOpacity: 0.35,
        }),
        Plot.dot(points, {
          x: 'variance',
          y: 'label',
          fy: 'row',
          fill: 'stroke',
          r: 4,
          title: ({ label, row, variance }: (typeof points)[number]) => `${label}, ${row}: ${variance.toExponential(2)}`,
        }),
      ],
    },
  )
}

function lowest(points: readonly { readonly variance: number }[]): number {
  return Math.min(...points.map((point) => point.variance))
}
