import * as tf from '@tensorflow/tfjs'
import { ForwardPass, givenNoise } from '@tfjs-bayes/layers'
import type { Predictor } from '@tfjs-bayes/onnx/node'
import { predictive, uncertainty } from '@tfjs-bayes/training'
import { CLASSES } from '../contestants.ts'
import { IMAGE_PIXELS } from '../mnist/idx.ts'
import { type Digits, toUnitInterval } from '../mnist/mnist.ts'

/** What an engine says about some digits: each output one number after the other, entropies in nats. */
export interface EngineOutputs {
  /** [rows * classes] */
  readonly probabilities: ArrayLike<number>
  /** [rows], as are the others; they are missing where there is one pass only. */
  readonly entropy: ArrayLike<number>
  readonly expectedEntropy?: ArrayLike<number>
  readonly mutualInformation?: ArrayLike<number>
}

export interface OnnxOptions {
  readonly signal: AbortSignal
  /** Draws, for a file that takes their number as an input. */
  readonly samples?: number
  /** Standard normal numbers [samples, rows, units] a layer, for a file that takes them as inputs. */
  readonly noise?: readonly tf.Tensor[]
  readonly onRows?: (done: number) => void
}

/** Rows that onnxruntime takes at once. */
const BATCH_SIZE = 100

/** Asks onnxruntime, a batch at a time so that there is progress to show. */
export async function onnxOutputs(
  predictor: Predictor<'categorical'>,
  digits: Digits,
  { signal, samples, noise, onRows }: OnnxOptions,
): Promise<EngineOutputs> {
  const pixels = toUnitInterval(digits)
  const options = { batchSize: BATCH_SIZE, signal, ...(samples !== undefined && { samples }) }
  if (noise !== undefined) {
    const fed = await Promise.all(noise.map(async (tensor) => Float32Array.from(await tensor.data())))
    return predictor.predict(pixels, { ...options, noise: fed })
  }
  const outputs: Record<keyof EngineOutputs, number[]> = {
    probabilities: [],
    entropy: [],
    expectedEntropy: [],
    mutualInformation: [],
  }
  for (let row = 0; row < digits.count; row += BATCH_SIZE) {
    const part = await predictor.predict(pixels.subarray(row * IMAGE_PIXELS, (row + BATCH_SIZE) * IMAGE_PIXELS), options)
    for (const name of Object.keys(outputs) as (keyof EngineOutputs)[])
      for (const value of part[name] ?? []) outputs[name].push(value)
    onRows?.(Math.min(row + BATCH_SIZE, digits.count))
  }
  const { probabilities, entropy, expectedEntropy, mutualInformation } = outputs
  return mutualInformation.length === 0
    ? { probabilities, entropy }
    : { probabilities, entropy, expectedEntropy, mutualInformation }
}

/** Asks tfjs for one pass with the posterior means. */
export async function tfjsMeanOutputs(model: tf.LayersModel, digits: Digits): Promise<EngineOutputs> {
  const x = tf.tensor2d(toUnitInterval(digits), [digits.count, IMAGE_PIXELS])
  const answer = await predictive(model, x, { mode: 'mean', seed: 0 })
  x.dispose()
  const outputs = { probabilities: answer.probabilities.dataSync(), entropy: answer.entropy.dataSync() }
  answer.dispose()
  return outputs
}

/** Asks tfjs for draws with given noise: draw s takes slice s of each layer's noise, as the ONNX file does. */
export function tfjsNoiseOutputs(model: tf.LayersModel, digits: Digits, noise: readonly tf.Tensor[]): EngineOutputs {
  const samples = noise[0]!.shape[0]!
  const draws = tf.tidy(() => {
    const x = tf.tensor2d(toUnitInterval(digits), [digits.count, IMAGE_PIXELS])
    const each = Array.from({ length: samples }, (_, draw) =>
      tf.tidy(() => {
        const slices = noise.map((tensor) => tensor.slice([draw], [1]).squeeze([0]))
        const pass = new ForwardPass({ mode: 'sample', noise: givenNoise(slices) })
        return tf.softmax(model.apply(x, { pass }) as tf.Tensor)
      }),
    )
    return tf.stack(each).dataSync()
  })
  const probabilities = new Float64Array(digits.count * CLASSES)
  for (let i = 0; i < draws.length; i++) probabilities[i % probabilities.length]! += draws[i]! / samples
  return { probabilities, ...uncertainty({ data: draws, shape: [samples, digits.count, CLASSES] }) }
}

/** The largest absolute difference between two engines' outputs, over all of them. */
export function largestDifference(a: EngineOutputs, b: EngineOutputs): number {
  let largest = 0
  for (const name of Object.keys(a) as (keyof EngineOutputs)[]) {
    const [left, right] = [a[name], b[name]]
    if (left === undefined || right === undefined) continue
    for (let i = 0; i < left.length; i++) largest = Math.max(largest, Math.abs(left[i]! - right[i]!))
  }
  return largest
}
