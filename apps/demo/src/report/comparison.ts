import { CONTESTANTS } from '../contestants.ts'
import { decimals, percent, scientific } from '../format.ts'
import type { EvaluatedModel, EvaluationFile, GradientVariance, Score } from '../run/evaluationFile.ts'
import type { Column } from '../table.ts'

/** A table that the terminal and the page both show. */
export interface Table {
  readonly columns: readonly Column[]
  readonly rows: readonly (readonly string[])[]
}

/** The title of a contestant by its name. */
export const titleOf = (name: string): string => CONTESTANTS.find((contestant) => contestant.name === name)?.title ?? name

/** The networks side by side: the ELBO and its parts on the training rows, then what the test set says. */
export function comparisonTable(evaluation: EvaluationFile): Table {
  const numeric = ['ELBO', 'NLL', 'KL', 'test error', 'test NLL', 'ECE', 's/epoch']
  return {
    columns: [{ heading: 'network' }, ...numeric.map((heading) => ({ heading, numeric: true }))],
    rows: evaluation.models.flatMap((model) => [
      [titleOf(model.name), ...elboCells(model), ...scoreCells(model.test), decimals(model.secondsPerEpoch, 1)],
      ...(model.testAtMean === null ? [] : [['  its mean weights', '', '', '', ...scoreCells(model.testAtMean), '']]),
    ]),
  }
}

function elboCells({ train, testAtMean }: EvaluatedModel): string[] {
  // Without a posterior there is no KL, and the ELBO would only repeat the NLL.
  if (testAtMean === null) return ['–', decimals(train.nll), '–']
  return [train.elbo, train.nll, train.klPerExample].map((value) => decimals(value))
}

const scoreCells = ({ error, nll, ece }: Score): string[] => [percent(error), decimals(nll), decimals(ece)]

/** Gradient variance by layer and parameter, one column an estimator. */
export function gradientVarianceTable(variances: readonly GradientVariance[]): Table {
  const layers = variances[0]?.layers ?? []
  const row = (parameter: 'mu' | 'rho', symbol: string): string[][] =>
    layers.map((_, i) => [
      `layer ${i + 1}, ${symbol}`,
      ...variances.map((variance) => scientific(variance.layers[i]![parameter])),
    ])
  return {
    columns: [{ heading: 'parameters' }, ...variances.map(({ name }) => ({ heading: titleOf(name), numeric: true }))],
    rows: [...row('mu', 'μ'), ...row('rho', 'ρ')],
  }
}
