import * as ort from 'onnxruntime-node'
import { expect, test } from 'vitest'
import { normals, uniform } from '../../../test/support/random.ts'
import { Tape } from '../../ir/tape.ts'
import { encode } from '../../wire/encode.ts'
import { toMessage } from '../../wire/toMessage.ts'
import type { WindowSettings } from '../windows.ts'
import type { Uncertain } from './gaussianMoments.ts'
import { maximumMomentsAlong, maxPoolingMoments } from './maxPoolingMoments.ts'

const ROWS = 20

/** Means and standard deviations of a tensor's elements. */
interface Normals {
  readonly means: readonly number[]
  readonly sigmas: readonly number[]
}

// Largest error of mean and of standard deviation, where elements have means from N(0, 1) and standard deviations of 0.2 to 1: what the README says.
const windows: [string, readonly [number, number], WindowSettings, number, number][] = [
  ['pairs of which padding leaves one', [1, 5], settingsOf([1, 2], [1, 2], 'same', false), 1e-5, 1e-5],
  ['pairs, channels first', [5, 1], settingsOf([2, 1], [1, 1], 'same', true), 1e-5, 1e-5],
  ['2 x 2, padded', [5, 3], settingsOf([2, 2], [2, 2], 'same', false), 0.05, 0.15],
  ['3 x 3, padded on all sides', [5, 4], settingsOf([3, 3], [1, 1], 'same', false), 0.05, 0.15],
  ['3 x 2, padded, strides, channels first', [6, 5], settingsOf([3, 2], [2, 3], 'same', true), 0.05, 0.15],
  ['a window larger than the image', [2, 2], settingsOf([4, 5], [2, 2], 'same', false), 0.05, 0.15],
  ['2 x 3, side by side, a rest left over', [5, 7], settingsOf([2, 3], [2, 3], 'valid', false), 0.05, 0.15],
  ['2 x 2 with gaps', [7, 8], settingsOf([2, 2], [3, 3], 'valid', true), 0.05, 0.15],
  ['3 x 3, not padded', [5, 4], settingsOf([3, 3], [1, 1], 'valid', false), 0.05, 0.15],
]

test.each(windows)('maxima over windows against quadrature: %s', async (_, image, settings, meanTolerance, sigmaTolerance) => {
  const [height, width] = image
  const x = randomNormals(ROWS * height * width, 7)
  const shape = settings.channelsFirst ? [1, height, width] : [height, width, 1]
  const actual = await run(x, shape, (tape, value) => maxPoolingMoments(tape, value, settings))
  const outputs = [height, width].map((length, axis) =>
    settings.padding === 'same'
      ? Math.ceil(length / settings.strides[axis]!)
      : Math.floor((length - settings.size[axis]!) / settings.strides[axis]!) + 1,
  )
  const before = [height, width].map((length, axis) =>
    settings.padding === 'same'
      ? Math.floor(Math.max((outputs[axis]! - 1) * settings.strides[axis]! + settings.size[axis]! - length, 0) / 2)
      : 0,
  )
  let place = 0
  const errors = { mean: 0, sigma: 0 }
  for (let row = 0; row < ROWS; row++) {
    for (let i = 0; i < outputs[0]!; i++) {
      for (let j = 0; j < outputs[1]!; j++) {
        const inside: number[] = []
        for (let a = 0; a < settings.size[0]!; a++) {
          for (let b = 0; b < settings.size[1]!; b++) {
            const y = i * settings.strides[0]! - before[0]! + a
            const z = j * settings.strides[1]! - before[1]! + b
            if (y >= 0 && y < height && z >= 0 && z < width) inside.push((row * height + y) * width + z)
          }
        }
        include(errors, actual, place++, x, inside)
      }
    }
  }
  expect(actual.means.length).toBe(place)
  expect(errors.mean).toBeLessThan(meanTolerance)
  expect(errors.sigma).toBeLessThan(sigmaTolerance)
})

// Of ever more elements the maximum is ever less normal.
test.each([
  [1, 1e-6, 1e-5],
  [2, 1e-5, 1e-5],
  [3, 0.05, 0.15],
  [7, 0.05, 0.15],
  [49, 0.15, 0.2],
])('the maximum of all of %i elements against quadrature', async (size, meanTolerance, sigmaTolerance) => {
  const x = randomNormals(ROWS * size, 8)
  const actual = await run(x, [1, size], (tape, value) => maximumMomentsAlong(tape, value, 2))
  const errors = { mean: 0, sigma: 0 }
  for (let row = 0; row < ROWS; row++) {
    include(
      errors,
      actual,
      row,
      x,
      Array.from({ length: size }, (_, index) => row * size + index),
    )
  }
  expect(actual.means.length).toBe(ROWS)
  expect(errors.mean).toBeLessThan(meanTolerance)
  expect(errors.sigma).toBeLessThan(sigmaTolerance)
})

function settingsOf(
  size: readonly number[],
  strides: readonly number[],
  padding: string,
  channelsFirst: boolean,
): WindowSettings {
  return { size, strides, dilations: [1, 1], padding, channelsFirst }
}

function randomNormals(size: number, seed: number): Normals {
  const next = uniform(seed + 1)
  return { means: [...normals(size, seed)], sigmas: Array.from({ length: size }, () => 0.2 + 0.8 * next()) }
}

function include(
  errors: { mean: number; sigma: number },
  actual: { readonly means: Float32Array; readonly variances: Float32Array },
  place: number,
  x: Normals,
  inside: readonly number[],
): void {
  const [mean, variance] = maximumByQuadrature(
    inside.map((index) => x.means[index]!),
    inside.map((index) => x.sigmas[index]!),
  )
  // Math.max passes NaN on, which is below no tolerance.
  errors.mean = Math.max(errors.mean, Math.abs(actual.means[place]! - mean))
  errors.sigma = Math.max(errors.sigma, Math.abs(Math.sqrt(actual.variances[place]!) - Math.sqrt(variance)))
}

/** Mean and variance of the maximum of independent normal variables: its distribution function is the product of theirs, each a sum of its density. */
function maximumByQuadrature(means: readonly number[], sigmas: readonly number[]): readonly [number, number] {
  const low = Math.min(...means.map((mean, i) => mean - 9 * sigmas[i]!))
  const high = Math.max(...means.map((mean, i) => mean + 9 * sigmas[i]!))
  const step = (high - low) / 4000
  const below = means.map(() => 0)
  let [last, first, second] = [0, 0, 0]
  for (let t = low + step / 2; t < high; t += step) {
    let product = 1
    means.forEach((mean, i) => {
      below[i]! += (step * Math.exp(-(((t - mean) / sigmas[i]!) ** 2) / 2)) / (sigmas[i]! * Math.sqrt(2 * Math.PI))
      product *= below[i]!
    })
    first += t * (product - last)
    second += t * t * (product - last)
    last = product
  }
  return [first, second - first ** 2]
}

async function run(
  { means, sigmas }: Normals,
  shape: readonly number[],
  build: (tape: Tape, x: Uncertain) => Uncertain,
): Promise<{ readonly means: Float32Array; readonly variances: Float32Array }> {
  const tape = new Tape(17)
  const x = { mean: tape.input('mean', 'float', ['n', ...shape]), variance: tape.input('variance', 'float', ['n', ...shape]) }
  const { mean, variance } = build(tape, x)
  const outputs = [
    { name: 'result_mean', value: tape.op('Identity', [mean]) },
    { name: 'result_variance', value: tape.op('Identity', [variance]) },
  ]
  const session = await ort.InferenceSession.create(
    encode(toMessage({ graph: tape.finish('g', outputs), opset: 17, metadata: {} })),
  )
  const result = await session.run({
    mean: new ort.Tensor('float32', Float32Array.from(means), [ROWS, ...shape]),
    variance: new ort.Tensor(
      'float32',
      Float32Array.from(sigmas, (sigma) => sigma ** 2),
      [ROWS, ...shape],
    ),
  })
  await session.release()
  return {
    means: result['result_mean']!.data as Float32Array,
    variances: result['result_variance']!.data as Float32Array,
  }
}
