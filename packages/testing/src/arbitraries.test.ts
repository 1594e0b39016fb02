import * as tf from '@tensorflow/tfjs'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { broadcastPair, denseCase, mu, shape, sigma } from './arbitraries.ts'

test('every generated case is one that the name promises', () => {
  fc.assert(
    fc.property(
      shape({ maxRank: 2 }),
      broadcastPair(),
      denseCase(),
      mu(),
      sigma({ min: 0.1, max: 2 }),
      (s, pair, dense, m, sd) => {
        expect(s.length).toBeLessThanOrEqual(2)
        tf.tidy(() => {
          expect(tf.add(tf.zeros(pair.left), tf.zeros(pair.right)).shape).toEqual(pair.result)
        })
        expect(Math.min(dense.batch, dense.inputs, dense.units)).toBeGreaterThanOrEqual(1)
        expect(Math.abs(m)).toBeGreaterThan(9e-4)
        expect(Math.fround(m)).toBe(m)
        expect(sd).toBeGreaterThan(0.099)
        expect(sd).toBeLessThan(2.001)
      },
    ),
  )
})
