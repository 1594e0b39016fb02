import * as tf from '@tensorflow/tfjs'

/** Settings of {@link finiteDifference}. */
export interface FiniteDifferenceOptions {
  /** Step as a fraction of max(|x|, 0.1). Default 1/64, a compromise between float32 rounding and the fourth-order truncation error. */
  readonly step?: number
}

/**
 * The gradient of the sum of a function's entries, by five-point central differences, one entry of x at a time.
 *
 * The entries are summed here in float64: give the function before its tf.sum, and entries that do not depend on the one that moves
 * add no rounding.
 *
 * @param f function of a tensor, of any shape; must be a pure function (same noise at each call)
 * @param x where, float32, any shape
 * @returns one derivative per entry of x, in row-major order
 */
export function finiteDifference(
  f: (x: tf.Tensor) => tf.Tensor,
  x: tf.Tensor,
  options: FiniteDifferenceOptions = {},
): Float32Array {
  const { step = 1 / 64 } = options
  const values = Float32Array.from(x.dataSync())
  const at = (entry: number, value: number): number =>
    tf.tidy(() => {
      const moved = values.slice()
      moved[entry] = value
      let sum = 0
      for (const each of f(tf.tensor(moved, x.shape, 'float32')).dataSync()) sum += each
      return sum
    })
  return values.map((value, entry) => {
    // A power of two keeps value + h exact in float32 for most values.
    const h = 2 ** Math.round(Math.log2(step * Math.max(Math.abs(value), 0.1)))
    const near = at(entry, value + h) - at(entry, value - h)
    const far = at(entry, value + 2 * h) - at(entry, value - 2 * h)
    return (8 * near - far) / (12 * h)
  })
}
