import * as Plot from '@observablehq/plot'
import { decimals, percent } from '../../format.ts'
import { drawFigure, type Figure } from '../../report/figure.ts'
import { color } from '../../report/palette.ts'
import type { ExperimentReport, FinishedPart } from '../framework/experiment.ts'
import { byConfiguration, formatSpread, spreadOf } from '../shared/spread.ts'
import type { FittedRegression } from './fitRegression.ts'
import { SIDES, truth } from './gapProblem.ts'
import type { RegressionConfiguration, RegressionResult, RegressionSettings } from './parts.ts'

type Parts = readonly FinishedPart<RegressionConfiguration, RegressionResult>[]

/** Boston housing elsewhere; other splits and networks, so near but not the same ground. */
const PUBLISHED = [
  ['MC dropout (Gal & Ghahramani, 20 splits)', '2.97', '−2.46'],
  ['MC dropout, 10 times the epochs', '2.80', '−2.39'],
  ['Probabilistic backpropagation (2015)', '3.01', '−2.57'],
  ['Variational inference (Graves, as in PBP)', '4.32', '−2.90'],
  ['JavierAntoran, Bayes by Backprop (10 folds)', '3.54', '−2.52'],
] as const

export function regressionReport(parts: Parts, { grid, folds }: RegressionSettings): ExperimentReport {
  const rows = byConfiguration(parts)
  const fits = (row: Parts): FittedRegression[] => row.flatMap(({ result }) => result.fits)
  const title = (row: Parts): string => row[0]!.configuration.title
  const gaps = rows.filter((row) => row[0]!.configuration.problem === 'gap')
  const boston = rows.filter((row) => row[0]!.configuration.problem === 'boston')
  const told = [...gaps.map((row) => gapRemark(row, grid)), ...boston.map(bostonRemark)]
  const numeric = ['RMSE', 'log-likelihood', '95 % coverage', 'width', 'ELBO', 'KL / N']
  const cells = (row: Parts): string[] => {
    const spread = (pick: (one: FittedRegression) => number, format: (value: number) => string): string =>
      formatSpread(fits(row).map(pick), format)
    return [
      title(row),
      spread(
        (one) => one.test.rmse,
        (value) => decimals(value, 3),
      ),
      spread(
        (one) => one.test.logLikelihood,
        (value) => decimals(value, 3),
      ),
      spread(
        (one) => one.test.coverage,
        (value) => percent(value, 1),
      ),
      spread(
        (one) => one.test.width,
        (value) => decimals(value, 2),
      ),
      spread(
        (one) => one.elbo,
        (value) => decimals(value, 3),
      ),
      spread(
        (one) => one.klPerExample,
        (value) => decimals(value, 3),
      ),
    ]
  }
  return {
    lead: told[0]!,
    remarks: told.slice(1),
    tables: [
      ...(boston.length > 0
        ? [
            {
              title: 'Boston housing',
              note: `Mean and standard deviation over ${folds} folds of each seed; thousands of dollars, nats per house. The published rows are on other splits and networks.`,
              table: {
                columns: [{ heading: 'network' }, ...numeric.map((heading) => ({ heading, numeric: true }))],
                rows: [
                  ...boston.map(cells),
                  ...PUBLISHED.map(([name, error, likelihood]) => [name, error, likelihood, '', '', '', '']),
                ],
              },
            },
          ]
        : []),
      ...(gaps.length > 0
        ? [
            {
              title: 'The gap',
              note: 'On test rows from where the training rows are.',
              table: {
                columns: [{ heading: 'problem' }, ...numeric.map((heading) => ({ heading, numeric: true }))],
                rows: gaps.map(cells),
              },
            },
          ]
        : []),
    ],
    figures:
      gaps.length > 0
        ? [
            {
              title: 'What it says in the gap',
              note: 'One seed. Dark: two standard deviations of what is not known about the function (epistemic); light: with the noise of the data (aleatoric) on top. Dotted: the truth. Dots: training rows.',
              figures: gaps.map((row) => bandFigure(row[0]!, grid)),
            },
          ]
        : [],
  }
}

/** Mean epistemic deviation over some inputs. */
function epistemic(row: Parts, grid: readonly number[], keep: (x: number) => boolean): number {
  return spreadOf(row.flatMap(({ result }) => grid.flatMap((x, i) => (keep(x) ? [result.band!.epistemic[i]!] : [])))).mean
}

function gapRemark(row: Parts, grid: readonly number[]): string {
  const [[left, gapFrom], [gapTo, right]] = SIDES
  const inside = epistemic(row, grid, (x) => x > gapFrom && x < gapTo)
  const data = epistemic(row, grid, (x) => (x >= left && x <= gapFrom) || (x >= gapTo && x <= right))
  const outside = epistemic(row, grid, (x) => x < left || x > right)
  return `${row[0]!.configuration.title}: the epistemic standard deviation is ${decimals(data, 3)} where there are data, ${decimals(inside, 3)} in the gap and ${decimals(outside, 3)} beyond the ends.`
}

function bostonRemark(row: Parts): string {
  const fits = row.flatMap(({ result }) => result.fits)
  const mean = (pick: (one: FittedRegression) => number): number => spreadOf(fits.map(pick)).mean
  return `${row[0]!.configuration.title}: RMSE ${decimals(
    mean((one) => one.test.rmse),
    2,
  )}, log-likelihood ${decimals(
    mean((one) => one.test.logLikelihood),
    2,
  )}; ${percent(
    mean((one) => one.test.coverage),
    1,
  )} of the houses lie in their 95 % interval.`
}

function bandFigure({ configuration, result }: Parts[number], grid: readonly number[]): Figure {
  const band = result.band!
  const points = grid.map((x, i) => {
    const [mean, unknown] = [band.mean[i]!, 2 * band.epistemic[i]!]
    const all = 2 * Math.hypot(band.epistemic[i]!, band.aleatoric[i]!)
    return { x, mean, low: mean - unknown, high: mean + unknown, lowest: mean - all, highest: mean + all, truth: truth(x) }
  })
  const data = result.train!.x.map(([x], i) => ({ x: x!, y: result.train!.y[i]! }))
  const blue = color('series-3')
  return drawFigure(
    {
      name: configuration.name,
      caption: `${configuration.title}: mean and bands of the predictive distribution.`,
      key: [
        { label: 'mean of the prediction', color: blue },
        { label: 'truth', color: color('muted'), dash: '2,4' },
      ],
    },
    {
      width: 440,
      height: 320,
      x: { label: 'x' },
      y: { label: 'y', grid: true, domain: [-3.5, 3.5], clamp: true },
      marks: [
        Plot.areaY(points, { x: 'x', y1: 'lowest', y2: 'highest', fill: blue, fillOpacity: 0.13 }),
        Plot.areaY(points, { x: 'x', y1: 'low', y2: 'high', fill: blue, fillOpacity: 0.25 }),
        Plot.line(points, { x: 'x', y: 'truth', stroke: color('muted'), strokeDasharray: '2,4' }),
        Plot.line(points, { x: 'x', y: 'mean', stroke: blue, strokeWidth: 2 }),
        Plot.dot(data, { x: 'x', y: 'y', r: 2, fill: color('ink'), fillOpacity: 0.7 }),
      ],
    },
  )
}
