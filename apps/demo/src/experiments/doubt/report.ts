import { decimals, percent } from '../../format.ts'
import { seriesColor } from '../../report/palette.ts'
import type { ExperimentReport, FinishedPart } from '../framework/experiment.ts'
import { type Line, lineChart } from '../shared/lineChart.ts'
import { byConfiguration, formatSpread, spreadOf } from '../shared/spread.ts'
import { OUTSIDERS } from './outsiders.ts'
import type { DoubtConfiguration, DoubtResult, DoubtSettings, TurnedDoubt } from './parts.ts'

type Row = readonly FinishedPart<DoubtConfiguration, DoubtResult>[]

export function doubtReport(parts: Row, { angles, rows: count, draws }: DoubtSettings): ExperimentReport {
  const rows = byConfiguration(parts)
  const title = (row: Row): string => row[0]!.configuration.title
  const at = (row: Row, degrees: number, pick: (one: TurnedDoubt) => number): number =>
    spreadOf(row.map(({ result }) => pick(result.rotation.find((each) => each.degrees === degrees)!))).mean
  const right = angles.includes(90) ? 90 : angles.at(-1)!
  const tell = (row: Row): string =>
    `${title(row)}: turned by ${right}°, ${percent(
      at(row, right, (one) => one.error),
      0,
    )} of the digits are taken for another; the mean entropy rises from ${decimals(
      at(row, 0, (one) => one.entropy),
      3,
    )} to ${decimals(
      at(row, right, (one) => one.entropy),
      3,
    )} nats${
      row[0]!.configuration.bayesian === null
        ? ''
        : `, of which ${decimals(
            at(row, right, (one) => one.mutualInformation),
            3,
          )} from the weights`
    }.`
  const areas = (row: Row, kind: string, pick: 'aurocEntropy' | 'aurocMutualInformation'): number[] =>
    row.flatMap(({ result }) => result.outsiders.find((each) => each.kind === kind)![pick] ?? [])
  const lines = (pick: (one: TurnedDoubt) => number, keep: (row: Row) => boolean = () => true): Line[] =>
    rows.flatMap((row, i) =>
      keep(row)
        ? [
            {
              label: title(row),
              color: seriesColor(i),
              points: angles.map((degrees) => ({ x: degrees, y: at(row, degrees, pick) })),
            },
          ]
        : [],
    )
  const bayesian = (row: Row): boolean => row[0]!.configuration.bayesian !== null
  const ticks = angles.filter((degrees) => degrees % 30 === 0)
  const x = { label: 'turned by (degrees)', ticks }
  return {
    lead: tell(rows[0]!),
    remarks: rows.slice(1).map(tell),
    tables: [
      {
        title: 'Digits against what is none',
        note: `Area under the ROC curve with which the uncertainty of a prediction tells ${count} test digits from as many outsiders: 1 is perfect, 0.5 a coin. By the entropy of the prediction, and by the mutual information between prediction and weights.`,
        table: {
          columns: [
            { heading: 'network' },
            ...OUTSIDERS.flatMap((kind) => [
              { heading: `${kind}: entropy`, numeric: true },
              { heading: `${kind}: mutual information`, numeric: true },
            ]),
          ],
          rows: rows.map((row) => [
            title(row),
            ...OUTSIDERS.flatMap((kind) =>
              (['aurocEntropy', 'aurocMutualInformation'] as const).map((pick) =>
                formatSpread(areas(row, kind, pick), (value) => decimals(value, 3)),
              ),
            ),
          ]),
        },
      },
      {
        title: 'The networks',
        note: 'On upright test digits; the epoch was chosen by validation NLL.',
        table: {
          columns: [
            { heading: 'network' },
            ...['KL / N', 'ELBO', 'test error', 'test NLL', 'ECE'].map((heading) => ({ heading, numeric: true })),
          ],
          rows: rows.map((row) => {
            const chosen = row.map(({ result }) => result.trained.byNll ?? result.trained.byElbo)
            const nats = (values: number[]): string => formatSpread(values, (value) => decimals(value))
            return [
              title(row),
              bayesian(row) ? nats(chosen.map(({ train }) => train.klPerExample)) : '–',
              bayesian(row) ? nats(chosen.map(({ train }) => train.elbo)) : '–',
              formatSpread(
                chosen.map(({ test }) => test.error),
                (value) => percent(value),
              ),
              nats(chosen.map(({ test }) => test.nll)),
              nats(chosen.map(({ test }) => test.ece)),
            ]
          }),
        },
      },
    ],
    figures: [
      {
        title: 'Turning the digits',
        note: `Means over ${count} test digits, ${draws} draws each. Total entropy falls apart into what is in the digit (the draws agree that it is unclear) and what is in the weights (the draws disagree).`,
        figures: [
          lineChart({
            name: 'doubt-entropy',
            caption: 'Entropy of the prediction (nats).',
            x,
            y: { label: 'entropy (nats)' },
            lines: lines((one) => one.entropy),
            width: 340,
          }),
          lineChart({
            name: 'doubt-mutual-information',
            caption: 'Mutual information: the epistemic part (nats).',
            x,
            y: { label: 'mutual information (nats)' },
            lines: lines((one) => one.mutualInformation, bayesian),
            width: 340,
          }),
          lineChart({
            name: 'doubt-error',
            caption: 'Wrong answers (%).',
            x,
            y: { label: 'error (%)' },
            lines: lines((one) => 100 * one.error),
            width: 340,
          }),
        ],
      },
    ],
  }
}
