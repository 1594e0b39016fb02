import * as tf from '@tensorflow/tfjs'
import { Normal } from '@tfjs-bayes/distributions'
import { variationalDense } from '@tfjs-bayes/layers'
import {
  adam,
  cosineRate,
  fit,
  heteroscedasticGaussian,
  intervalCoverage,
  type LearnedGaussian,
  type Likelihood,
  learnedGaussian,
  predictiveLogLikelihood,
  predictiveRegression,
  rmse,
} from '@tfjs-bayes/training'
import { disposing } from '../../stages/disposing.ts'
import type { RegressionTable } from './boston.ts'

/** How a regression is learned, as JSON. */
export interface RegressionChoice {
  /** One unknown standard deviation of the noise, or one that depends on the input. */
  readonly noise: 'homoscedastic' | 'heteroscedastic'
  readonly hidden: number
  /** Prior standard deviation of the weights and biases of the first layer. */
  readonly priorSigma: number
  readonly activation: 'relu' | 'tanh'
  readonly epochs: number
  readonly batchSize: number
  readonly learningRate: number
  /** Draws of the predictive distribution. */
  readonly draws: number
}

/** How good predictions of numbers are, in the unit of the target. */
interface RegressionScore {
  readonly rmse: number
  /** Log-likelihood of the predictive mixture, nats per row, 0.5 log(2 pi) and all. */
  readonly logLikelihood: number
  /** Share of targets in the central 95 % interval, and its mean width. */
  readonly coverage: number
  readonly width: number
}

/** The predictive distribution at some inputs, in the unit of the target. */
export interface Band {
  readonly mean: readonly number[]
  readonly epistemic: readonly number[]
  readonly aleatoric: readonly number[]
}

export interface FittedRegression {
  readonly elbo: number
  readonly klPerExample: number
  readonly test: RegressionScore
  readonly band: Band | null
}

const LEVEL = 0.95

/**
 * Learns a network of one hidden layer by local reparameterization, inputs and target standardized, and scores it.
 *
 * @param train,test tables; the standardization is that of `train`
 * @param at inputs at which to describe the predictive distribution, or none
 */
export async function fitRegression(
  train: RegressionTable,
  test: RegressionTable,
  choice: RegressionChoice,
  {
    seed,
    signal,
    at = [],
  }: { readonly seed: number; readonly signal: AbortSignal; readonly at?: readonly (readonly number[])[] },
): Promise<FittedRegression> {
  const { inputs, target } = standardization(train)
  const tensors = {
    x: tf.tensor2d(train.x.map(inputs)),
    y: tf.tensor1d(train.y.map((y) => (y - target.mean) / target.deviation)),
    testX: tf.tensor2d(test.x.map(inputs)),
    testY: tf.tensor1d(test.y.map((y) => (y - target.mean) / target.deviation)),
    ...(at.length > 0 ? { at: tf.tensor2d(at.map(inputs)) } : {}),
  }
  const likelihood = choice.noise === 'heteroscedastic' ? heteroscedasticGaussian() : learnedGaussian({ initialSigma: 0.5 })
  try {
    return await disposing(networkOf(train.x[0]!.length, choice, seed), async (model) => {
      const { epochs, batchSize, learningRate, draws } = choice
      const history = await fit(
        model,
        { x: tensors.x, y: tensors.y },
        {
          likelihood,
          epochs,
          batchSize: Math.min(batchSize, train.y.length),
          seed,
          optimizer: adam(),
          learningRate: cosineRate({ from: learningRate, to: learningRate / 100 }),
          signal,
        },
      )
      signal.throwIfAborted()
      const last = history.epochs.at(-1)!
      const options = { likelihood, seed, samples: draws, signal }
      const score = await scoreOf(model, { x: tensors.testX, y: tensors.testY }, options, test.y, target)
      return {
        // The density of the standardized target, brought to that of the target itself.
        elbo: last.elbo - Math.log(target.deviation),
        klPerExample: last.klPerExample,
        test: score,
        band: tensors.at ? await bandOf(model, tensors.at, options, target) : null,
      }
    })
  } finally {
    tf.dispose(tensors)
    if ('dispose' in likelihood) (likelihood as LearnedGaussian).dispose()
  }
}

interface Scale {
  readonly mean: number
  readonly deviation: number
}

function standardization({ x, y }: RegressionTable): { inputs: (row: readonly number[]) => number[]; target: Scale } {
  const columns = x[0]!.map((_, column) => scaleOf(x.map((row) => row[column]!)))
  return { inputs: (row) => row.map((value, i) => (value - columns[i]!.mean) / columns[i]!.deviation), target: scaleOf(y) }
}

function scaleOf(values: readonly number[]): Scale {
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length
  const variance = values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / values.length
  // A column that never changes stays 0.
  return { mean, deviation: Math.sqrt(variance) || 1 }
}

function networkOf(inputs: number, { hidden, activation, noise, priorSigma }: RegressionChoice, seed: number): tf.Sequential {
  const layer = (units: number, fanIn: number, sigma: number, args: object): tf.layers.Layer =>
    variationalDense({ units, prior: new Normal({ mu: 0, sigma: sigma / Math.sqrt(fanIn) }), initialSigma: 0.02, ...args })
  return tf.sequential({
    layers: [
      layer(hidden, 1, priorSigma, { inputShape: [inputs], activation, seed }),
      // Divided by the root of its inputs, so that the prior is that of functions of order 1 whatever the width (Neal, 1996).
      layer(noise === 'heteroscedastic' ? 2 : 1, hidden, OUTPUT_SIGMA, { seed: (seed + 0x9e3779b9) | 0 }),
    ],
  })
}

/** Prior standard deviation of the outputs' weights, times the root of their number. */
const OUTPUT_SIGMA = 2

type Options = { readonly likelihood: Likelihood; readonly seed: number; readonly samples: number; readonly signal: AbortSignal }

async function scoreOf(
  model: tf.LayersModel,
  data: { readonly x: tf.Tensor; readonly y: tf.Tensor },
  options: Options,
  targets: readonly number[],
  { mean, deviation }: Scale,
): Promise<RegressionScore> {
  const nll = await disposing(await predictiveLogLikelihood(model, data, options), async (each) => each.nll)
  const quantiles = [(1 - LEVEL) / 2, (1 + LEVEL) / 2]
  return disposing(await predictiveRegression(model, data.x, { ...options, quantiles }), async (prediction) => {
    const back = (tensor: tf.Tensor): number[] => Array.from(tensor.dataSync(), (value) => mean + deviation * value)
    const { coverage, meanWidth } = intervalCoverage(back(prediction.quantiles[0]!), back(prediction.quantiles[1]!), [...targets])
    return {
      rmse: rmse(back(prediction.mean), [...targets]),
      logLikelihood: -nll - Math.log(deviation),
      coverage,
      width: meanWidth,
    }
  })
}

async function bandOf(model: tf.LayersModel, x: tf.Tensor, options: Options, { mean, deviation }: Scale): Promise<Band> {
  return disposing(await predictiveRegression(model, x, options), async (prediction) => {
    const deviations = (variance: tf.Tensor): number[] => Array.from(variance.dataSync(), (value) => deviation * Math.sqrt(value))
    return {
      mean: Array.from(prediction.mean.dataSync(), (value) => mean + deviation * value),
      epistemic: deviations(prediction.epistemicVariance),
      aleatoric: deviations(prediction.aleatoricVariance),
    }
  })
}
