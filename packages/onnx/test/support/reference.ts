import * as tf from '@tensorflow/tfjs'
import { ForwardPass, givenNoise } from '@tfjs-bayes/layers'

/** A predictive distribution computed by tfjs and plain float64 arithmetic, draw by draw. */
export interface Reference {
  readonly probabilities: Float64Array
  readonly entropy: Float64Array
  readonly expectedEntropy: Float64Array
  readonly mutualInformation: Float64Array
}

/** One output of the model per draw, [batch, units] each; without noise one output in mode 'mean'. */
export function outputsOf(
  model: tf.LayersModel,
  x: Float32Array,
  noise?: readonly { readonly data: Float32Array; readonly shape: readonly number[] }[],
): Float32Array[] {
  const shape = model.inputs[0]!.shape.slice(1) as number[]
  const rows = x.length / tf.util.sizeFromShape(shape)
  const samples = noise?.[0]?.shape[0] ?? 1
  return Array.from({ length: samples }, (_, sample) => {
    const output = tf.tidy(() => {
      const draws = noise?.map(({ data, shape: whole }) => {
        const size = data.length / samples
        return tf.tensor(data.slice(sample * size, (sample + 1) * size), whole.slice(1) as number[])
      })
      const pass =
        draws == null ? new ForwardPass({ mode: 'mean' }) : new ForwardPass({ mode: 'sample', noise: givenNoise(draws) })
      return model.apply(tf.tensor(x, [rows, ...shape]), { pass }) as tf.Tensor
    })
    const values = output.dataSync<'float32'>().slice()
    output.dispose()
    return values
  })
}

/** The categorical predictive of outputs that are logits, or probabilities. */
export function categoricalReference(outputs: readonly Float32Array[], classes: number, areProbabilities: boolean): Reference {
  const rows = outputs[0]!.length / classes
  const probabilities = new Float64Array(rows * classes)
  const expectedEntropy = new Float64Array(rows)
  for (const output of outputs) {
    for (let row = 0; row < rows; row++) {
      const values = Array.from(output.subarray(row * classes, (row + 1) * classes))
      const p = areProbabilities ? values : softmax(values)
      p.forEach((value, k) => {
        probabilities[row * classes + k]! += value / outputs.length
      })
      expectedEntropy[row]! += entropyOf(p) / outputs.length
    }
  }
  const entropy = Float64Array.from({ length: rows }, (_, row) =>
    entropyOf([...probabilities.subarray(row * classes, (row + 1) * classes)]),
  )
  return {
    probabilities,
    entropy,
    expectedEntropy,
    mutualInformation: entropy.map((value, row) => value - expectedEntropy[row]!),
  }
}

/** Largest absolute difference. */
export function maxDifference(actual: ArrayLike<number>, expected: ArrayLike<number>): number {
  if (actual.length !== expected.length) throw new Error(`${actual.length} elements, expected ${expected.length}`)
  let worst = 0
  for (let i = 0; i < actual.length; i++) {
    const difference = Math.abs(actual[i]! - expected[i]!)
    // NaN must not pass for a small difference.
    if (!(difference <= worst)) worst = difference
  }
  return worst
}

function softmax(logits: readonly number[]): number[] {
  const max = Math.max(...logits)
  const exponentials = logits.map((logit) => Math.exp(logit - max))
  const total = exponentials.reduce((a, b) => a + b, 0)
  return exponentials.map((value) => value / total)
}

function entropyOf(p: readonly number[]): number {
  return -p.reduce((sum, value) => sum + (value > 0 ? value * Math.log(value) : 0), 0)
}
