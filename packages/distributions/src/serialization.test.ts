import * as tf from '@tensorflow/tfjs'
import { expect, test } from 'vitest'
import { InvalidParameterError, UnknownFamilyError } from './errors.ts'
import { Normal } from './normal.ts'
import { deserializeDistribution, serializeDistribution } from './serialization.ts'

test('a distribution survives JSON', () => {
  const json = serializeDistribution(new Normal({ mu: -0.5, sigma: 0.1 }))
  expect(json).toEqual({ family: 'normal', parameters: { mu: -0.5, sigma: 0.1 } })
  const back = deserializeDistribution(JSON.parse(JSON.stringify(json)))
  expect(back).toEqual(new Normal({ mu: -0.5, sigma: 0.1 }))
  tf.tidy(() => {
    expect(serializeDistribution(new Normal({ mu: tf.scalar(2), sigma: 1 })).parameters['mu']).toBe(2)
    expect(() => serializeDistribution(new Normal({ mu: tf.zeros([2]), sigma: 1 }))).toThrow(InvalidParameterError)
  })
})

test('what cannot be read is a named error', () => {
  const read = (json: unknown): unknown => deserializeDistribution(json as Parameters<typeof deserializeDistribution>[0])
  expect(() => read({ family: 'cosmic', parameters: {} })).toThrow(/unknown family "cosmic"; registered: normal/)
  expect(() => read(null)).toThrow(UnknownFamilyError)
  expect(() => read({ family: 'normal', parameters: { mu: 0 } })).toThrow(/expected a number for each of: mu, sigma/)
  expect(() => read({ family: 'normal', parameters: { mu: 0, sigma: '1' } })).toThrow(UnknownFamilyError)
  expect(() => read({ family: 'normal', parameters: { mu: 0, sigma: 1, scale: 2 } })).toThrow(UnknownFamilyError)
  expect(() => read({ family: 'normal', parameters: { mu: 0, sigma: -1 } })).toThrow(InvalidParameterError)
})
