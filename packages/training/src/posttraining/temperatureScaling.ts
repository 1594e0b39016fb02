import * as tf from '@tensorflow/tfjs'
import { InvalidOptionError, ShapeMismatchError } from '../errors.ts'
import { nllOfLogProbabilities } from '../metrics/nll.ts'
import { type Labels, labelRows, matrixRows, type Probabilities } from '../metrics/probabilityRows.ts'

/** A temperature that was fitted, and what it did where it was fitted. */
export interface TemperatureScaling {
  /** Above 1 the predictions are made less certain, below 1 more. */
  readonly temperature: number
  /** NLL in nats on the rows of the fit, before and after. */
  readonly nllBefore: number
  readonly nllAfter: number
}

/** Bounds of a temperature: where every row is right (or wrong), the best one would be 0 (or infinite). */
const [LEAST, MOST] = [0.01, 100]

/**
 * Fits one temperature to predictions: p'(y) proportional to p(y)^(1/T), with the T of the lowest NLL.
 *
 * Fit it on validation rows, never on the test set. It is a correction of the predictions, not a posterior: say so beside its figures. Guo et al., 2017,
 * "On calibration of modern neural networks", section 4.2, there for logits of one network; here for the logarithms of a predictive distribution. The NLL
 * is convex in 1/T, so there is one minimum.
 *
 * @param logProbabilities [rows, classes], as `predictive` gives them
 * @param labels [rows], class indices
 * @returns a temperature from 0.01 to 100
 * @throws ShapeMismatchError, InvalidProbabilityError or InvalidTargetError
 */
export function fitTemperature(logProbabilities: Probabilities, labels: Labels): TemperatureScaling {
  const nllBefore = nllOfLogProbabilities(logProbabilities, labels)
  const { values, rows, classes } = matrixRows('logProbabilities', logProbabilities)
  const targets = labelRows(labels, rows, classes)
  // d NLL / d beta at beta = 1/T is the mean of E[log p] under the scaled distribution minus log p(label); it grows with beta.
  const slope = (beta: number): number => {
    let sum = 0
    for (let row = 0; row < rows; row++) {
      const at = row * classes
      const { expected } = scaledRow(values, at, classes, beta)
      sum += expected - values[at + targets[row]!]!
    }
    return sum
  }
  let [low, high] = [Math.log(1 / MOST), Math.log(1 / LEAST)]
  while (high - low > 1e-9) {
    const middle = (low + high) / 2
    if (slope(Math.exp(middle)) <= 0) low = middle
    else high = middle
  }
  const beta = Math.exp((low + high) / 2)
  let nll = 0
  for (let row = 0; row < rows; row++) {
    const at = row * classes
    nll += scaledRow(values, at, classes, beta).logSum - beta * values[at + targets[row]!]!
  }
  return { temperature: 1 / beta, nllBefore, nllAfter: nll / rows }
}

/**
 * Predictions at a temperature: log p' = log p / T, normalized. A correction with a name of its own: report it as one.
 *
 * @param logProbabilities [rows, classes], natural logarithms
 * @param temperature above 0
 * @returns [rows, classes], the caller's
 * @throws InvalidOptionError, ShapeMismatchError
 */
export function atTemperature(logProbabilities: tf.Tensor2D, temperature: number): tf.Tensor2D {
  if (!(temperature > 0) || !Number.isFinite(temperature)) {
    throw new InvalidOptionError('temperature', temperature, 'a finite number above 0')
  }
  if (logProbabilities.rank !== 2) throw new ShapeMismatchError('logProbabilities', logProbabilities.shape, '[rows, classes]')
  return tf.tidy(() => tf.logSoftmax(tf.div(logProbabilities, temperature)) as tf.Tensor2D)
}

/** log sum_k exp(beta v_k) of a row, and the mean of v under exp(beta v_k) normalized; a probability of 0 (v = -Infinity) takes no part. */
function scaledRow(values: ArrayLike<number>, at: number, classes: number, beta: number): { logSum: number; expected: number } {
  let most = Number.NEGATIVE_INFINITY
  for (let k = at; k < at + classes; k++) most = Math.max(most, values[k]!)
  let [sum, weighted] = [0, 0]
  for (let k = at; k < at + classes; k++) {
    const weight = Math.exp(beta * (values[k]! - most))
    if (weight === 0) continue
    sum += weight
    weighted += weight * values[k]!
  }
  return { logSum: beta * most + Math.log(sum), expected: weighted / sum }
}
