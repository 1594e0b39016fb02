import * as tf from '@tensorflow/tfjs'

/**
 * Asserts that a piece of code leaves as many tensors behind as it found.
 *
 * @param f code that disposes of what it makes
 * @throws Error with the number of tensors left over (or wrongly disposed of)
 */
export async function expectNoLeak(f: () => void | Promise<void>): Promise<void> {
  const before = tf.memory().numTensors
  await f()
  const left = tf.memory().numTensors - before
  if (left !== 0) throw new Error(left > 0 ? `${left} tensors leaked` : `${-left} tensors disposed of that belong to the caller`)
}
