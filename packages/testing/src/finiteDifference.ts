import * as tf from '@tensorflow/tfjs'

/** Settings of {@link finiteDifference}. */
export interface FiniteDifferenceOptions {
  /** Step as a fraction of max(|x|, 0.1). Default 1/64, a compromise between float32 rounding and the fourth-order truncation error. */
  readonly step?: number
}

/**
 * The gradient of a scalar function by five-point central differences, one entry at a time.
 *
 * @param f scalar function of a tensor; must be a pure function (same noise at each call)
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
      return f(tf.tensor(moved, x.shape, 'float32')).dataSync()[0]!
    })
  return values.map((value, entry) => {
    // A power of two keeps value + h exact in float32 for most values.
    const h = 2 ** Math.round(Math.log2(step * Math.max(Math.abs(value), 0.1)))
    const near = at(entry, value + h) - at(entry, value - h)
    const far = at(entry, value + 2 * h) - at(entry, value - 2 * h)
    return (8 * near - far) / (12 * h)
  })
}
