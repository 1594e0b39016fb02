import * as tf from '@tensorflow/tfjs'

/** What a row of a tensor is. */
export interface RowForm {
  /** Axes after the rows. */
  readonly sizes: readonly number[]
  readonly dtype: tf.DataType
}

export const rowForm = ({ shape, dtype }: tf.Tensor): RowForm => ({ sizes: shape.slice(1), dtype })

/**
 * Several tensors with the same rows as the columns of one float32 tensor, so that whatever slices or gathers rows keeps them in step. Integers are exact up to
 * 2^24.
 *
 * @param parts [rows, ...] each
 * @returns [rows, numbers]; the caller's
 */
export function packed(parts: readonly tf.Tensor[]): tf.Tensor2D {
  return tf.tidy(() => {
    const columns = parts.map((part) => part.toFloat().reshape([part.shape[0]!, tf.util.sizeFromShape(part.shape.slice(1))]))
    return columns.length === 1 ? (columns[0]!.clone() as tf.Tensor2D) : (tf.concat(columns, 1) as tf.Tensor2D)
  })
}

/** The tensors that `packed` put together, [rows, ...] each; in the enclosing `tf.tidy`. */
export function unpacked(columns: tf.Tensor, forms: readonly RowForm[]): tf.Tensor[] {
  const counts = forms.map(({ sizes }) => tf.util.sizeFromShape([...sizes]))
  const [rows] = columns.shape as [number]
  return tf.split(columns, counts, 1).map((part, i) => {
    const { sizes, dtype } = forms[i]!
    return tf.cast(part.reshape([rows, ...sizes]), dtype)
  })
}
