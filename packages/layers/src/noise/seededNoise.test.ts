import * as tf from '@tensorflow/tfjs'
import { expectNoLeak, expectTensorsClose, ksPValue, momentsZScore, normalPValue } from '@tfjs-bayes/testing'
import { expect, test } from 'vitest'
import { NoiseError } from '../errors.ts'
import { seededNoise } from './seededNoise.ts'

const draw = (seed: number, counter: number | tf.Scalar, stream: number, size = 8): Float32Array =>
  tf.tidy(() => seededNoise(seed, counter)([size], stream)).dataSync<'float32'>()

test('depends on seed, counter and stream, and on nothing else', async () => {
  await expectNoLeak(() => {
    tf.tidy(() => {
      expect(draw(7, 3, 2)).toEqual(draw(7, 3, 2))
      expect(draw(7, tf.scalar(3, 'int32'), 2)).toEqual(draw(7, 3, 2))
      for (const other of [draw(8, 3, 2), draw(7, 4, 2), draw(7, 3, 1)]) expect(other).not.toEqual(draw(7, 3, 2))
    })
  })
})

test('gives each stream of neighbouring seeds numbers of its own', () => {
  tf.tidy(() => {
    const first = new Set<number>()
    for (let seed = -8; seed < 8; seed++) for (let stream = 0; stream < 32; stream++) first.add(draw(seed, 0, stream, 2)[0]!)
    // 512 draws of about 2^23 values each coincide by chance once in 60 runs; the seeds are fixed, so it is no matter of luck.
    expect(first.size).toBeGreaterThanOrEqual(511)
  })
})

test('is standard normal, and uncorrelated between streams and counters', () => {
  tf.tidy(() => {
    const size = 40_000
    const base = draw(42, 0, 0, size)
    const z = momentsZScore({ samples: base, mean: 0, variance: 1 })
    expect(normalPValue(z.mean)).toBeGreaterThan(1e-6)
    expect(normalPValue(z.variance)).toBeGreaterThan(1e-6)
    for (const other of [draw(42, 0, 1, size), draw(42, 1, 0, size), draw(43, 0, 0, size)]) {
      const products = base.map((value, i) => value * other[i]!)
      const correlation = momentsZScore({ samples: products, mean: 0, variance: 1 }).mean
      expect(normalPValue(correlation)).toBeGreaterThan(1e-6)
    }
  })
})

test('is standard normal across streams, too: one number of each', () => {
  tf.tidy(() => {
    const across = Float64Array.from({ length: 2000 }, (_, stream) => draw(5, 9, stream, 2)[0]!)
    const normalCdf = (x: number): number => 0.5 + Math.sign(x) * 0.5 * (1 - normalPValue(x))
    expect(ksPValue(across, normalCdf)).toBeGreaterThan(1e-6)
  })
})

test('gives fair signs, too, a pure function of the same arguments and independent of its numbers', () => {
  tf.tidy(() => {
    const size = 40_000
    const signs = (seed: number, counter: number | tf.Scalar, stream: number): Float32Array =>
      seededNoise(seed, counter).signs!([size], stream).dataSync<'float32'>()
    const base = signs(42, 0, 0)
    expect([...new Set(base)].sort()).toEqual([-1, 1])
    expect(signs(42, tf.scalar(0, 'int32'), 0)).toEqual(base)
    const means = [
      base,
      ...[signs(42, 0, 1), signs(42, 1, 0), signs(43, 0, 0), draw(42, 0, 1, size)].map((other) =>
        base.map((s, i) => s * other[i]!),
      ),
    ]
    for (const values of means) {
      const z = (values.reduce((sum, value) => sum + value, 0) / size) * Math.sqrt(size)
      expect(normalPValue(z), `z ${z}`).toBeGreaterThan(1e-6)
    }
  })
})

test('refuses what is no int32', () => {
  for (const bad of [0.5, Number.NaN, 2 ** 31]) {
    expect(() => seededNoise(bad, 0)).toThrow(NoiseError)
    expect(() => seededNoise(0, bad)).toThrow(/counter is .*; expected an integer/)
  }
})

test('has the shape asked for', () => {
  tf.tidy(() => {
    expect(seededNoise(1, 0)([2, 3], 0).shape).toEqual([2, 3])
    expectTensorsClose(seededNoise(1, 0)([0, 3], 0), tf.zeros([0, 3]))
  })
})
