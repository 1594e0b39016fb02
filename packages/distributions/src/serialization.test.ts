import * as tf from '@tensorflow/tfjs'
import { expectNoLeak, expectTensorsClose } from '@tfjs-bayes/testing'
import { expect, test } from 'vitest'
import { InvalidParameterError, UnknownFamilyError } from './errors.ts'
import { Normal } from './families/normal.ts'
import { deserializeDistribution, registerFamily, serializeDistribution } from './serialization.ts'

test('a distribution survives JSON', () => {
  const json = serializeDistribution(new Normal({ mu: -0.5, sigma: 0.1 }))
  expect(json).toEqual({ family: 'normal', parameters: { mu: -0.5, sigma: 0.1 } })
  const back = deserializeDistribution(JSON.parse(JSON.stringify(json)))
  expect(back).toBeInstanceOf(Normal)
  expect(back.parameters).toEqual({ mu: -0.5, sigma: 0.1 })
})

test('tensors come back as tensors, which the caller owns', async () => {
  await expectNoLeak(() =>
    tf.tidy(() => {
      const json = serializeDistribution(new Normal({ mu: tf.scalar(2), sigma: tf.tensor2d([[1], [2]]) }))
      expect(json.parameters).toEqual({ mu: 2, sigma: { shape: [2, 1], values: [1, 2] } })
      const back = deserializeDistribution(JSON.parse(JSON.stringify(json)))
      expectTensorsClose(back.parameters['sigma'] as tf.Tensor, [[1], [2]])
    }),
  )
})

test('a family of the user’s own is read once it is registered', () => {
  class Shifted extends Normal {}
  registerFamily('shifted', Shifted)
  expect(deserializeDistribution({ family: 'shifted', parameters: { mu: 0, sigma: 1 } })).toBeInstanceOf(Shifted)
})

test('what cannot be read is a named error', () => {
  const read = (json: unknown): unknown => deserializeDistribution(json as Parameters<typeof deserializeDistribution>[0])
  expect(() => read({ family: 'cosmic', parameters: {} })).toThrow(/unknown family "cosmic"; registered: normal.*registerFamily/)
  expect(() => read(null)).toThrow(UnknownFamilyError)
  expect(() => read({ family: 'normal', parameters: { mu: 0 } })).toThrow(/normal: sigma is undefined/)
  expect(() => read({ family: 'normal', parameters: { mu: 0, sigma: '1' } })).toThrow(UnknownFamilyError)
  expect(() => read({ family: 'normal', parameters: { mu: 0, sigma: { shape: [2], values: [1] } } })).toThrow(
    /expected a number, a list/,
  )
  expect(() => read({ family: 'normal', parameters: { mu: 0, sigma: 1, scale: 2 } })).toThrow(
    /got normal with parameters mu, sigma, scale; expected mu, sigma/,
  )
  expect(() => read({ family: 'normal', parameters: { mu: 0, sigma: -1 } })).toThrow(InvalidParameterError)
})
