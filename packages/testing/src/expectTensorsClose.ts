import * as tf from '@tensorflow/tfjs'

/** Tolerances of {@link expectTensorsClose}: |actual - expected| <= absolute + relative * |expected|. */
export interface Tolerance {
  /** Default 1e-6. */
  readonly absolute?: number
  /** Default 1e-5. */
  readonly relative?: number
}

/**
 * Asserts that two tensors agree: first the dtype, then the shape, then the values.
 *
 * @param actual what the code gave
 * @param expected a tensor, or an array, which stands for a float32 tensor
 * @throws Error naming the index of the worst entry, and both values; NaN agrees with nothing, an infinity with itself
 */
export function expectTensorsClose(actual: tf.Tensor, expected: tf.Tensor | tf.TensorLike, tolerance: Tolerance = {}): void {
  const { absolute = 1e-6, relative = 1e-5 } = tolerance
  const own = expected instanceof tf.Tensor ? undefined : tf.tensor(expected as tf.TensorLike, undefined, 'float32')
  const wanted = own ?? (expected as tf.Tensor)
  try {
    if (actual.dtype !== wanted.dtype) throw new Error(`dtype: got ${actual.dtype}, expected ${wanted.dtype}`)
    if (String(actual.shape) !== String(wanted.shape)) throw new Error(`shape: got [${actual.shape}], expected [${wanted.shape}]`)
    const got = actual.dataSync()
    const want = wanted.dataSync()
    let worst = -1
    let excess = 0
    for (let i = 0; i < want.length; i++) {
      if (got[i] === want[i]) continue
      const over = Math.abs(got[i]! - want[i]!) - (absolute + relative * Math.abs(want[i]!))
      if (over > excess || Number.isNaN(over)) {
        worst = i
        if (Number.isNaN(over)) break
        excess = over
      }
    }
    if (worst >= 0) {
      const index = unravel(worst, wanted.shape)
      throw new Error(
        `values differ, most at [${index}]: got ${got[worst]}, expected ${want[worst]} (absolute ${absolute}, relative ${relative}; shape [${wanted.shape}])`,
      )
    }
  } finally {
    own?.dispose()
  }
}

function unravel(flat: number, shape: readonly number[]): number[] {
  const index: number[] = []
  let rest = flat
  for (let axis = shape.length - 1; axis >= 0; axis--) {
    index.unshift(rest % shape[axis]!)
    rest = Math.floor(rest / shape[axis]!)
  }
  return index
}
