import { decimals, integer, megabytes, percent, scientific } from '../../format.ts'
import type { Figure } from '../../report/figure.ts'
import { seriesColor } from '../../report/palette.ts'
import type { ExperimentReport, FinishedPart } from '../framework/experiment.ts'
import { lineChart } from '../shared/lineChart.ts'
import { byConfiguration, formatSpread, spreadOf } from '../shared/spread.ts'
import type { PrunedPoint, PruningConfiguration, PruningResult, PruningSettings } from './parts.ts'

type Row = readonly FinishedPart<PruningConfiguration, PruningResult>[]
type By = PrunedPoint['by']

const NAMES: Readonly<Record<By, string>> = { signalToNoise: 'signal-to-noise', kl: 'KL' }

/** JavierAntoran/Bayesian-Neural-Networks (snapshot 49a02f1), 784-1200-1200-10 by local reparameterization, pruned by signal-to-noise. */
const PUBLISHED = [
  { fraction: 0, error: 0.0266, nll: 0.1088 },
  { fraction: 0.6, error: 0.0266, nll: 0.1022 },
  { fraction: 0.9, error: 0.0273, nll: 0.0981 },
  { fraction: 0.99, error: 0.0298, nll: 0.1023 },
  { fraction: 0.995, error: 0.034, nll: 0.1133 },
] as const

export function pruningReport(parts: Row, { fractions, curveDraws }: PruningSettings): ExperimentReport {
  const rows = byConfiguration(parts)
  const points = (row: Row, by: By, fraction: number): PrunedPoint[] =>
    row.map(({ result }) => result.points.find((point) => point.by === by && point.fraction === fraction)!)
  const mean = (row: Row, by: By, fraction: number, pick: (point: PrunedPoint) => number): number =>
    spreadOf(points(row, by, fraction).map(pick)).mean
  const error = (point: PrunedPoint): number => point.test.error
  const nll = (point: PrunedPoint): number => point.test.nll
  const first = rows[0]!
  const at = fractions.includes(0.9) ? 0.9 : fractions.at(-1)!
  const title = (row: Row): string => row[0]!.configuration.title
  const largestDifference = Math.max(
    ...parts.flatMap(({ result }) => result.points.map(({ smaller }) => smaller.largestDifference)),
  )

  return {
    lead:
      `With ${percent(at, 0)} of the weights removed by signal-to-noise, ${title(first)} errs on ${percent(mean(first, 'signalToNoise', at, error))} of the test digits ` +
      `at ${decimals(mean(first, 'signalToNoise', at, nll))} nats; whole, on ${percent(mean(first, 'signalToNoise', 0, error))} at ${decimals(mean(first, 'signalToNoise', 0, nll))}.`,
    remarks: [
      ...rows.map((row) => {
        const best = fractions.reduce((a, b) => (mean(row, 'signalToNoise', b, nll) < mean(row, 'signalToNoise', a, nll) ? b : a))
        const [whole, pruned] = [mean(row, 'signalToNoise', 0, nll), mean(row, 'signalToNoise', best, nll)]
        return best > 0
          ? `${title(row)}: the NLL is lowest with ${percent(best, 1)} removed (${decimals(pruned)} against ${decimals(whole)} nats): those weights stood at their prior and only added noise.`
          : `${title(row)}: the NLL is lowest with nothing removed.`
      }),
      `Units without weights are left out of the network: with mean weights its logits differ from those of the masked twin by at most ${scientific(largestDifference)}.`,
    ],
    tables: [
      {
        title: 'Test error and NLL',
        note: `Posterior predictive of ${curveDraws} draws. The published row is that of a network of 1,200 units by the same estimator, without a choice on validation digits.`,
        table: {
          columns: [
            { heading: 'network' },
            { heading: 'by' },
            ...fractions.map((fraction) => ({ heading: percent(fraction, 1), numeric: true })),
          ],
          rows: [
            ...rows.flatMap((row) =>
              (['signalToNoise', 'kl'] as const).map((by) => [
                title(row),
                NAMES[by],
                ...fractions.map(
                  (fraction) => `${percent(mean(row, by, fraction, error))} / ${decimals(mean(row, by, fraction, nll), 3)}`,
                ),
              ]),
            ),
            [
              'Published, local reparam., 1,200 units',
              NAMES.signalToNoise,
              ...fractions.map((fraction) => {
                const found = PUBLISHED.find((each) => each.fraction === fraction)
                return found ? `${percent(found.error)} / ${decimals(found.nll, 3)}` : ''
              }),
            ],
          ],
        },
      },
      {
        title: 'How small the network gets',
        note: 'Without its dead units, pruned by signal-to-noise. The ONNX file draws its 30 samples inside; that of the masked twin has the zeros in it.',
        table: {
          columns: [
            { heading: 'network' },
            ...['removed', 'hidden units left', 'parameters', 'of', 'ONNX file', 'masked twin'].map((heading) => ({
              heading,
              numeric: true,
            })),
          ],
          rows: rows.flatMap((row) =>
            fractions
              .filter((fraction) => fraction > 0)
              .map((fraction) => {
                const found = points(row, 'signalToNoise', fraction).map(({ smaller }) => smaller)
                const layers = found[0]!.units.slice(0, -1).map((_, layer) =>
                  formatSpread(
                    found.map(({ units }) => units[layer]!),
                    (value) => decimals(value, 0),
                  ),
                )
                const spread = (pick: (one: PrunedPoint['smaller']) => number, format: (value: number) => string): string =>
                  format(spreadOf(found.map(pick)).mean)
                return [
                  title(row),
                  percent(fraction, 1),
                  layers.join(', '),
                  spread(
                    (one) => one.parametersAfter,
                    (value) => integer(Math.round(value)),
                  ),
                  spread((one) => one.parametersBefore, integer),
                  spread((one) => one.onnxBytesSmaller, megabytes),
                  spread((one) => one.onnxBytesMasked, megabytes),
                ]
              }),
          ),
        },
      },
    ],
    figures: [
      {
        title: 'Pruning curves',
        note: 'Solid: by signal-to-noise; dashed: by KL. The axis is the share of weights that is left, from all of them to one in two hundred.',
        figures: [
          chart('pruning-error', 'Test error (%)', (point) => 100 * point.test.error),
          chart('pruning-nll', 'Test NLL (nats)', nll),
        ],
      },
    ],
  }

  function chart(name: string, label: string, value: (point: PrunedPoint) => number): Figure {
    return lineChart({
      name,
      caption: `${label} of the posterior predictive against the share of the weights left (%).`,
      x: { label: 'weights left (%)', scale: 'log', reverse: true, ticks: [100, 50, 20, 10, 5, 2, 1, 0.5] },
      y: { label, scale: 'log' },
      lines: rows.flatMap((row, i) =>
        (['signalToNoise', 'kl'] as const).map((by) => ({
          label: `${title(row)}, by ${NAMES[by]}`,
          color: seriesColor(i),
          ...(by === 'kl' ? { dash: '4,3' } : {}),
          points: fractions.map((fraction) => ({ x: 100 * (1 - fraction), y: mean(row, by, fraction, value) })),
        })),
      ),
    })
  }
}
