import type * as tf from '@tensorflow/tfjs'
import type { Distribution } from '@tfjs-bayes/distributions'

/** How the outputs of a model make the targets likely: p(y | outputs). */
export interface Likelihood {
  readonly name: string
  /** Its parameters, to be written down with a run. */
  readonly settings?: Readonly<Record<string, number | readonly number[]>>
  /** Parameters of its own that are trained with the model's weights; they stay the likelihood's. */
  readonly variables?: readonly tf.Variable[]

  /**
   * @param outputs outputs of the model, [rows, ...]
   * @param y targets in the form that `prepareTargets` gives
   * @returns log p(y | outputs) in nats, one number a row, [rows]
   */
  logLikelihood(outputs: tf.Tensor, y: tf.Tensor): tf.Tensor

  /**
   * Checks the targets once, before training, and gives them in the form that `logLikelihood` takes. Without it they are taken as they are.
   *
   * @param what what to call the targets in an error
   * @param y targets, [rows, ...]
   * @param outputShape shape of the model's outputs, rows first
   * @returns a new tensor that the caller owns
   * @throws ShapeMismatchError, NonFiniteDataError or InvalidTargetError
   */
  prepareTargets?(what: string, y: tf.Tensor, outputShape: readonly (number | null)[]): Promise<tf.Tensor>

  /**
   * What several draws predict together: a mean over them, of the same form for few draws as for many. With `predictionError`, a figure reported beside the ELBO.
   *
   * @param outputs outputs of the model for every draw, [draws, rows, ...]
   * @returns [rows, ...]: mean probabilities for classes, the mean for numbers
   */
  prediction?(outputs: tf.Tensor): tf.Tensor

  /**
   * How wrong a prediction is.
   *
   * @param prediction what `prediction` gives, averaged over all draws
   * @param y as in `logLikelihood`
   * @returns one number a row, [rows]: the share of wrong labels for classes, the squared error for numbers
   */
  predictionError?(prediction: tf.Tensor, y: tf.Tensor): tf.Tensor

  /**
   * The distribution of the targets, number by number, where they are numbers; `predictiveRegression` needs it.
   *
   * @param outputs outputs of the model, with any axes before the last
   * @returns a distribution over the shape of the targets
   */
  distribution?(outputs: tf.Tensor): Distribution

  /** Where a target is several numbers or labels that are independent given the outputs: its parts, [rows, numbers]; a mask needs them. */
  readonly elements?: {
    /** What `logLikelihood` sums up. */
    logLikelihood(outputs: tf.Tensor, y: tf.Tensor): tf.Tensor
    /** What `predictionError` averages. */
    predictionError(prediction: tf.Tensor, y: tf.Tensor): tf.Tensor
  }

  /** Refuses a model whose output (the one at that place) is not what `logLikelihood` takes. */
  checkModel?(model: tf.LayersModel, output?: number): void
}
