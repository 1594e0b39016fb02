import { statusLine } from '../../stages/stage.ts'
import type { Experiment, PartContext } from '../framework/experiment.ts'
import { randomOrder } from '../shared/randomIntegers.ts'
import { bostonHousing, type RegressionTable } from './boston.ts'
import { type FittedRegression, fitRegression, type RegressionChoice } from './fitRegression.ts'
import { gapTable } from './gapProblem.ts'
import type { RegressionConfiguration, RegressionResult, RegressionSettings } from './parts.ts'
import { regressionReport } from './report.ts'

const GRID = Array.from({ length: 121 }, (_, i) => Number((-1.5 + i / 40).toFixed(3)))
const FULL: RegressionSettings = { rows: 80, testRows: 400, grid: GRID, folds: 10 }
const TINY: RegressionSettings = { rows: 20, testRows: 20, grid: GRID.filter((_, i) => i % 10 === 0), folds: 2 }

const GAP: RegressionChoice = {
  noise: 'homoscedastic',
  hidden: 20,
  priorSigma: 3,
  activation: 'tanh',
  epochs: 4000,
  batchSize: 80,
  learningRate: 1e-2,
  draws: 200,
}
/** Sizes and priors by the ELBO of the training rows. */
const BOSTON: RegressionChoice = {
  noise: 'homoscedastic',
  hidden: 20,
  priorSigma: 0.5,
  activation: 'relu',
  epochs: 400,
  batchSize: 64,
  learningRate: 1e-2,
  draws: 200,
}

/** Regression: what the posterior says where there are no data, and a table of published figures. */
export const regression: Experiment<RegressionConfiguration, RegressionResult, RegressionSettings> = {
  name: 'regression',
  title: 'Regression with a gap, and Boston housing',
  description:
    'A function of one number with a gap in its inputs, with the same noise everywhere and with noise that grows; and Boston housing in ten folds: ' +
    'root mean squared error, log-likelihood of the predictive mixture, and how many targets lie in its 95 % interval. Nothing is chosen on test rows: the settings ' +
    'are the same for every fold, and the last epoch counts.',
  takes: 'about five minutes a seed on two cores',
  seeds: 3,
  version: 1,

  plan(size) {
    const row = (
      name: string,
      title: string,
      problem: RegressionConfiguration['problem'],
      choice: RegressionChoice,
    ): RegressionConfiguration => ({
      name,
      title,
      problem,
      choice: size === 'full' ? choice : { ...choice, hidden: 6, epochs: 5, draws: 5 },
    })
    return {
      settings: { ...(size === 'full' ? FULL : TINY) },
      configurations: [
        row('gap-homoscedastic', 'A gap, the same noise everywhere', 'gap', GAP),
        row('gap-heteroscedastic', 'A gap, noise that grows', 'gap', { ...GAP, noise: 'heteroscedastic' }),
        row('boston-homoscedastic', 'Boston, one noise level', 'boston', BOSTON),
        row('boston-heteroscedastic', 'Boston, noise by input', 'boston', { ...BOSTON, noise: 'heteroscedastic' }),
      ],
    }
  },

  run({ configuration, seed }, settings, context) {
    return configuration.problem === 'gap'
      ? gap(configuration, settings, seed, context)
      : boston(configuration, settings, seed, context)
  },

  report(parts, settings) {
    return regressionReport(parts, settings)
  },
}

async function gap(
  { choice }: RegressionConfiguration,
  { rows, testRows, grid }: RegressionSettings,
  seed: number,
  { signal }: PartContext,
): Promise<RegressionResult> {
  const train = gapTable(rows, choice.noise, seed)
  const test = gapTable(testRows, choice.noise, seed + 1000)
  const fitted = await fitRegression(train, test, choice, { seed, signal, at: grid.map((x) => [x]) })
  return { fits: [{ ...fitted, band: null }], train, band: fitted.band }
}

async function boston(
  { choice }: RegressionConfiguration,
  { folds }: RegressionSettings,
  seed: number,
  { signal, progress }: PartContext,
): Promise<RegressionResult> {
  const all = bostonHousing()
  const order = randomOrder(all.y.length, seed)
  const take = (rows: readonly number[]): RegressionTable => ({
    x: rows.map((row) => all.x[row]!),
    y: rows.map((row) => all.y[row]!),
  })
  const status = statusLine(progress)
  const fits: FittedRegression[] = []
  for (let fold = 0; fold < folds; fold++) {
    status.update(`Boston housing: fold ${fold + 1} of ${folds}`)
    const [train, test] = [order.filter((_, i) => i % folds !== fold), order.filter((_, i) => i % folds === fold)]
    fits.push(await fitRegression(take(train), take(test), choice, { seed: seed * 100 + fold, signal }))
  }
  status.clear()
  return { fits, train: null, band: null }
}
