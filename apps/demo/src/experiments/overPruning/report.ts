import { decimals, percent } from '../../format.ts'
import { seriesColor } from '../../report/palette.ts'
import type { ExperimentReport, FinishedPart } from '../framework/experiment.ts'
import { lineChart } from '../shared/lineChart.ts'
import { byConfiguration, formatSpread, spreadOf } from '../shared/spread.ts'
import type { Chosen } from '../shared/train.ts'
import type { PosteriorResult, RemedyConfiguration, RemedyResult } from './parts.ts'

type Row = readonly FinishedPart<RemedyConfiguration, RemedyResult>[]

export function overPruningReport(parts: Row): ExperimentReport {
  const rows = byConfiguration(parts)
  const title = (row: Row): string => row[0]!.configuration.title
  const named = (name: string): Row | undefined => rows.find((row) => row[0]!.configuration.name === name)
  const chosen = (row: Row): Chosen[] =>
    row.map(({ result }) => (row[0]!.configuration.bayesian === null ? result.trained.byNll! : result.trained.byElbo))
  const posteriors = (row: Row): PosteriorResult[] => row.flatMap(({ result }) => result.posterior ?? [])
  const mean = <T>(list: readonly T[], pick: (one: T) => number): number => spreadOf(list.map(pick)).mean
  const nats = <T>(list: readonly T[], pick: (one: T) => number, digits = 4): string =>
    formatSpread(list.map(pick), (value) => decimals(value, digits))
  const share = <T>(list: readonly T[], pick: (one: T) => number): string =>
    formatSpread(list.map(pick), (value) => percent(value))

  const baseline = named('baseline')
  const deterministic = named('deterministic')
  const nll = (row: Row): number => mean(chosen(row), (one) => one.test.nll)
  const elbo = (row: Row): number => mean(chosen(row), (one) => one.train.elbo)
  const remedies = rows.filter((row) => row !== baseline && row !== deterministic)
  return {
    lead: baseline
      ? `At its best ELBO the baseline has ${percent(
          mean(posteriors(baseline), (one) => one.report.priorShare),
          0,
        )} of its weights at the prior. Its posterior predicts at ${decimals(nll(baseline))} nats, its mean weights at ${decimals(mean(chosen(baseline), (one) => one.testAtMean.nll))}${deterministic ? `, a deterministic network at ${decimals(nll(deterministic))}` : ''}.`
      : 'The baseline has not been computed yet.',
    remarks: [
      ...(baseline
        ? [
            `Removing the weights at the prior from the baseline changes its NLL from ${decimals(nll(baseline))} to ${decimals(mean(posteriors(baseline), (one) => one.withoutPriorWeights.nll))} nats: what is left at the prior is noise.`,
          ]
        : []),
      ...(baseline
        ? remedies.map(
            (row) =>
              `${title(row)}: NLL ${decimals(nll(row))} (${nll(row) < nll(baseline) ? 'better' : 'not better'}), ELBO ${decimals(elbo(row), 3)} (${elbo(row) > elbo(baseline) ? 'better' : 'not better'} than ${decimals(elbo(baseline), 3)}).`,
          )
        : []),
      'A temperature fitted on validation digits repairs the NLL of any of them; it is a correction of the predictions and no posterior, so it has a column of its own.',
    ],
    tables: [
      {
        title: 'Each at its best ELBO',
        note: 'ELBO and KL / N in nats per training example. Test figures: posterior predictive, one pass with the mean weights, the predictive without the weights at their prior, and the predictive at a temperature fitted on validation digits. The deterministic network is shown at its best validation NLL.',
        table: {
          columns: [
            { heading: 'network' },
            ...[
              'ELBO',
              'KL / N',
              'at the prior',
              'error',
              'NLL',
              'mean: error',
              'mean: NLL',
              'without: error',
              'without: NLL',
              'temperature',
              'scaled NLL',
            ].map((heading) => ({ heading, numeric: true })),
          ],
          rows: rows.map((row) => {
            const one = chosen(row)
            const posterior = posteriors(row)
            const bayesian = posterior.length > 0
            return [
              title(row),
              bayesian ? nats(one, ({ train }) => train.elbo) : '–',
              bayesian ? nats(one, ({ train }) => train.klPerExample) : '–',
              bayesian ? share(posterior, ({ report }) => report.priorShare) : '–',
              share(one, ({ test }) => test.error),
              nats(one, ({ test }) => test.nll),
              bayesian ? share(one, ({ testAtMean }) => testAtMean.error) : '–',
              bayesian ? nats(one, ({ testAtMean }) => testAtMean.nll) : '–',
              bayesian ? share(posterior, ({ withoutPriorWeights }) => withoutPriorWeights.error) : '–',
              bayesian ? nats(posterior, ({ withoutPriorWeights }) => withoutPriorWeights.nll) : '–',
              bayesian ? nats(posterior, ({ atTemperature }) => atTemperature.temperature, 2) : '–',
              bayesian ? nats(posterior, ({ atTemperature }) => atTemperature.nll) : '–',
            ]
          }),
        },
      },
      {
        title: 'Where the KL is',
        note: 'By layer, at the best ELBO: share of the layer’s weights at the prior, units whose weights say anything, and the layer’s part of the KL.',
        table: {
          columns: [
            { heading: 'network' },
            ...['layer', 'at the prior', 'active units', 'of', 'part of the KL'].map((heading) => ({ heading, numeric: true })),
          ],
          rows: rows.flatMap((row) => {
            const posterior = posteriors(row)
            return (posterior[0]?.report.layers ?? []).map((layer, i) => [
              title(row),
              String(i + 1),
              share(posterior, ({ report }) => report.layers[i]!.priorShare),
              nats(posterior, ({ report }) => report.layers[i]!.activeUnits, 0),
              String(layer.units),
              share(posterior, ({ report }) => report.layers[i]!.klShare),
            ])
          }),
        },
      },
    ],
    figures: [
      {
        title: 'Through training',
        note: 'One seed each: the ELBO improves while the validation NLL of the posterior gets worse.',
        figures: (['elbo', 'nll'] as const).map((which) =>
          lineChart({
            name: `over-pruning-${which}`,
            caption:
              which === 'elbo'
                ? 'Negative ELBO per training example (nats).'
                : 'Validation NLL of the posterior predictive (nats).',
            x: { label: 'epoch' },
            y: { label: which === 'elbo' ? '−ELBO (nats)' : 'validation NLL (nats)', scale: 'log' },
            lines: rows.flatMap((row, i) =>
              which === 'elbo' && row[0]!.configuration.bayesian === null
                ? []
                : [
                    {
                      label: title(row),
                      color: seriesColor(i),
                      ...(i >= 8 ? { dash: '4,3' } : {}),
                      points: row[0]!.result.trained.epochs.map((epoch) => ({
                        x: epoch.epoch,
                        y: which === 'elbo' ? -epoch.elbo : epoch.validation.nll,
                      })),
                    },
                  ],
            ),
          }),
        ),
      },
    ],
  }
}
