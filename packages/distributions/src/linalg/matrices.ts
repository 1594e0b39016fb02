import * as tf from '@tensorflow/tfjs'

/** The transpose of the last two axes. */
export function transposed(x: tf.Tensor): tf.Tensor {
  const axes = x.shape.map((_, axis) => axis)
  return tf.transpose(x, [...axes.slice(0, -2), x.rank - 1, x.rank - 2])
}

/** x with zeros above the diagonal, or with `strict` on it too. */
export function lowerTriangle(x: tf.Tensor, diagonal: 'kept' | 'strict' = 'kept'): tf.Tensor {
  const size = x.shape.at(-1)!
  const index = tf.range(0, size, 1, 'int32')
  const [row, column] = [tf.reshape(index, [size, 1]), tf.reshape(index, [1, size])]
  const mask = diagonal === 'kept' ? tf.greaterEqual(row, column) : tf.greater(row, column)
  return tf.where(tf.broadcastTo(mask, x.shape), x, tf.zerosLike(x))
}

/** The diagonals of matrices, [..., n]. */
export function diagonalOf(x: tf.Tensor): tf.Tensor {
  return tf.sum(tf.mul(x, tf.eye(x.shape.at(-1)!)), -1)
}

/** Matrices with given diagonals, [..., n, n]. */
export function fromDiagonal(diagonal: tf.Tensor): tf.Tensor {
  return tf.mul(tf.expandDims(diagonal, -1), tf.eye(diagonal.shape.at(-1)!))
}

/** x with the order of rows and columns reversed. */
export function flipped(x: tf.Tensor): tf.Tensor {
  return tf.reverse(x, [x.rank - 2, x.rank - 1])
}
