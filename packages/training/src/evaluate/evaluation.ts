import * as tf from '@tensorflow/tfjs'
import { seededNoise, variationalLayers } from '@tfjs-bayes/layers'
import { ModelDraws } from '../draws/modelDraws.ts'
import type { Likelihood } from '../likelihoods/likelihood.ts'

export interface EvaluationOptions {
  readonly model: tf.LayersModel
  /** As it goes with the targets (see `preparedData`). */
  readonly likelihood: Likelihood
  /** Draws S. */
  readonly samples: number
  readonly seed: number
  /** Most rows of a batch. */
  readonly batchRows: number
  /** Whether it becomes graphs where the backend can do that; default true. */
  readonly compile?: boolean
}

/** Figures of one batch: means over its rows and the draws, in nats. */
export interface BatchScore {
  readonly nll: number
  readonly kl: number
  readonly error: number | undefined
}

type DrawSums = {
  /** [2]: NLL per row and KL, summed over the draws. */
  readonly terms: tf.Tensor
  /** What the draws predict together, where the likelihood says so. */
  readonly prediction?: tf.Tensor
}

/** Scores batches with S draws, a few at a time: memory and graphs are bounded whatever S. */
export class Evaluation {
  readonly #likelihood: Likelihood
  readonly #samples: number
  readonly #draws: ModelDraws<DrawSums>

  constructor({ model, likelihood, samples, seed, batchRows, compile = true }: EvaluationOptions) {
    const layers = variationalLayers(model)
    // A closed KL is the same at each draw. A Monte-Carlo KL is an estimate, and the draws' mean the better one.
    const oneKl = !layers.some((layer) => layer.klMethod === 'monteCarlo')
    this.#likelihood = likelihood
    this.#samples = layers.length === 0 ? 1 : samples
    this.#draws = new ModelDraws<DrawSums>({
      model,
      mode: 'sample',
      samples: this.#samples,
      batchRows,
      noiseOf: (draw) => seededNoise(seed, draw),
      summarize: (outputs, [y], passes) => {
        const nlls = tf.unstack(outputs).map((output) => tf.neg(tf.mean(likelihood.logLikelihood(output, y!))))
        const kl = oneKl ? tf.mul(passes[0]!.kl(), passes.length) : tf.addN(passes.map((pass) => pass.kl()))
        const prediction = likelihood.predictionError && likelihood.prediction?.(outputs)
        return { terms: tf.stack([tf.addN(nlls), kl]), ...(prediction && { prediction }) }
      },
      compile,
    })
  }

  /**
   * @param x inputs of the batch, [rows, ...]
   * @param y its targets, in the form of the likelihood
   * @param batch its number, which picks the noise: draw s of batch b has that of b * S + s
   */
  async score(x: tf.Tensor, y: tf.Tensor, batch: number): Promise<BatchScore> {
    let [nll, kl] = [0, 0]
    let prediction: tf.Tensor | undefined
    try {
      for (const { draws, summary } of this.#draws.of(x, [y], batch * this.#samples)) {
        const { terms, prediction: part } = summary
        if (part) prediction = replaced(prediction, part, draws.count / this.#samples)
        const [nlls, kls] = await terms.data()
        terms.dispose()
        nll += nlls! / this.#samples
        kl += kls! / this.#samples
      }
      return { nll, kl, error: prediction && (await this.#errorOf(prediction, y)) }
    } finally {
      prediction?.dispose()
    }
  }

  dispose(): void {
    this.#draws.dispose()
  }

  async #errorOf(prediction: tf.Tensor, y: tf.Tensor): Promise<number> {
    const error = tf.tidy(() => tf.mean(this.#likelihood.predictionError!(prediction, y)))
    const [value] = await error.data()
    error.dispose()
    return value!
  }
}

/** A sum with a part added at a weight; both are freed. */
function replaced(sum: tf.Tensor | undefined, part: tf.Tensor, weight: number): tf.Tensor {
  const next = tf.tidy(() => (sum ? tf.add(sum, tf.mul(part, weight)) : tf.mul(part, weight)))
  tf.dispose(sum ? [sum, part] : part)
  return next
}
