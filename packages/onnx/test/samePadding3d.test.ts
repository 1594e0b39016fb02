import * as tf from '@tensorflow/tfjs'
import { useCpuBackend } from '@tfjs-bayes/backend/cpu'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { exportLayersModel, UnsupportedLayerError } from '../src/index.ts'
import { differenceOf } from './support/compare.ts'

// On an axis of n elements, windows of k with a stride of s are padded by (ceil(n/s) - 1) s + k - n for 'same', which may be less than 0. TensorFlow, so
// tfjs on it, clips that to 0 for averages and convolutions, and rounds half of it towards 0 for maxima; tfjs's own arithmetic rounds it down.

type Window = { readonly n: number; readonly k: number; readonly s: number; readonly axis: number }

const layers: Readonly<Record<string, (window: Window) => tf.layers.Layer>> = {
  MaxPooling3D: (window) => tf.layers.maxPooling3d(pool(window)),
  AveragePooling3D: (window) => tf.layers.averagePooling3d(pool(window)),
  Conv3D: (window) => tf.layers.conv3d({ ...convolution(window), filters: 1 }),
  Conv3DTranspose: (window) => tf.layers.conv3dTranspose({ ...convolution(window), filters: 1 }),
}

const before = tf.getBackend()
beforeAll(useCpuBackend)
afterAll(() => tf.setBackend(before))

describe.each(Object.entries(layers))('%s with padding same', (name, layerOf) => {
  const cases: Window[] = []
  for (let n = 1; n <= 6; n++)
    for (let k = 1; k <= 3; k++) for (let s = 1; s <= 4; s++) cases.push({ n, k, s, axis: (n + k + s) % 3 })
  const isNegative = ({ n, k, s }: Window): boolean => (name === 'Conv3DTranspose' ? k < s : (Math.ceil(n / s) - 1) * s + k < n)

  test('is written where the padding is not negative, and gives what every backend does', async () => {
    for (const window of cases.filter((each) => !isNegative(each))) {
      const model = modelOf(layerOf(window), window.n, window.axis)
      const bytes = exportLayersModel(model)
      for (const backend of new Set(['cpu', before])) {
        // tfjs's wasm backend is wrong about maxima and transposed convolutions in three dimensions altogether (4.22).
        if (backend === 'wasm') continue
        await tf.setBackend(backend)
        const x = input(window.n, window.axis)
        expect(await differenceOf(model, bytes, [x], ['node']), JSON.stringify(window)).toBeLessThan(1e-6)
        x.dispose()
      }
      model.dispose()
    }
  }, 600_000)

  test('is refused where it is negative', () => {
    const negative = cases.filter(isNegative)
    expect(negative.length).toBeGreaterThan(10)
    for (const window of negative) {
      const model = modelOf(layerOf(window), window.n, window.axis)
      expect(() => exportLayersModel(model), JSON.stringify(window)).toThrow(UnsupportedLayerError)
      expect(() => exportLayersModel(model)).toThrow(
        new RegExp(
          `layer \\(${name}\\): padding 'same' for a window of ${window.k} with a stride of ${window.s} on an axis of \\d+`,
        ),
      )
      model.dispose()
    }
  })

  test('on an axis of unknown length is refused where the padding can be negative, and only there', () => {
    for (const [k, s] of [
      [1, 2],
      [2, 3],
      [2, 2],
      [3, 2],
      [1, 1],
    ] as const) {
      const window = { n: 4, k, s, axis: 0 }
      const model = modelOf(layerOf(window), null, 0)
      if (k < s) expect(() => exportLayersModel(model)).toThrow(/on an axis of unknown length.*padding 'valid' leaves no doubt/)
      else expect(exportLayersModel(model).length).toBeGreaterThan(0)
      model.dispose()
    }
  })
})

test('tfjs on TensorFlow and on its own arithmetic do disagree there: when they agree again, the limit can go', async () => {
  const pooled = (backend: string): Promise<number> =>
    tf
      .setBackend(backend)
      .then(() => tf.tidy(() => tf.avgPool3d(tf.tensor5d([1, 2], [1, 2, 1, 1, 1]), 1, 2, 'same').dataSync()[0]!))
  expect(await pooled('cpu')).toBe(2)
  // TensorFlow's answer, where it is at hand.
  if (before === 'tensorflow') expect(await pooled('tensorflow')).toBe(1)
})

function along(axis: number, length: number): [number, number, number] {
  return [1, 1, 1].with(axis, length) as [number, number, number]
}

function pool({ k, s, axis }: Window): {
  poolSize: [number, number, number]
  strides: [number, number, number]
  padding: 'same'
  name: string
} {
  return { poolSize: along(axis, k), strides: along(axis, s), padding: 'same', name: 'layer' }
}

function convolution({ k, s, axis }: Window): {
  kernelSize: [number, number, number]
  strides: [number, number, number]
  padding: 'same'
  name: string
} {
  return { kernelSize: along(axis, k), strides: along(axis, s), padding: 'same', name: 'layer' }
}

function modelOf(layer: tf.layers.Layer, n: number | null, axis: number): tf.LayersModel {
  const x = tf.input({ shape: [1, 1, 1, 1].with(axis, n as number) })
  return tf.model({ inputs: x, outputs: layer.apply(x) as tf.SymbolicTensor })
}

function input(n: number, axis: number): tf.Tensor {
  const values = Array.from({ length: n }, (_, index) => (index % 2 === 0 ? -1.5 : 1) * (index + 1))
  return tf.tensor(values, [1, ...along(axis, n), 1])
}
