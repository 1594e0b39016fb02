import * as tf from '@tensorflow/tfjs'
import { ShapeMismatchError } from '../errors.ts'

/**
 * The log-likelihood of class labels under a softmax over logits, per row, in nats.
 *
 * A class with logit -Infinity has probability 0. A label that is no class (negative, or K and beyond) has log-likelihood -Infinity,
 * with zero gradient, rather than a silent 0: labels are not read here, so check them where the data enters.
 *
 * @param logits [..., K], unnormalized log-probabilities
 * @param labels int32 [...], each from 0 to K - 1
 * @returns log softmax(logits)[label], shape [...]
 * @throws ShapeMismatchError unless labels are int32 of the shape of logits without its last axis
 */
export function categoricalLogLikelihood(logits: tf.Tensor, labels: tf.Tensor): tf.Tensor {
  const rows = logits.shape.slice(0, -1)
  if (logits.rank < 1 || String(rows) !== String(labels.shape) || labels.dtype !== 'int32') {
    throw new ShapeMismatchError(
      `categoricalLogLikelihood: got logits [${logits.shape}] and labels ${labels.dtype} [${labels.shape}]; expected logits [..., K] and int32 labels [...], one per row (class numbers, not one-hot rows).`,
    )
  }
  return tf.tidy(() => atLabels(tf.logSoftmax(logits), labels))
}

/**
 * The log-probabilities of given labels.
 *
 * @param logProbabilities [..., K]
 * @param labels int32 [...]
 * @returns [...]; -Infinity, with zero gradient, for a label that is no class
 */
export function atLabels(logProbabilities: tf.Tensor, labels: tf.Tensor): tf.Tensor {
  return tf.tidy(() => {
    const classes = logProbabilities.shape.at(-1)!
    // A mask instead of a gather: the gradient of tf.gather has no wasm kernel. Select instead of multiply: 0 * -Infinity is NaN.
    const chosen = tf.equal(tf.expandDims(labels, -1), tf.range(0, classes, 1, 'int32'))
    const picked = tf.sum(tf.where(chosen, logProbabilities, tf.zerosLike(logProbabilities)), -1)
    const isClass = tf.any(chosen, -1)
    return tf.where(isClass, picked, tf.fill(labels.shape, Number.NEGATIVE_INFINITY))
  })
}
