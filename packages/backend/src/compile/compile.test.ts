import * as tf from '@tensorflow/tfjs'
import { expect } from 'vitest'
import { nativeTest as test } from '../../test/compile/nativeTest.ts'
import { statelessNormal } from '../random/statelessNormal.ts'
import { compile } from './compile.ts'

const INPUTS = 12
const HIDDEN = 16
const CLASSES = 3
const BATCH = 8

/** A variational network with one noise draw per weight, its optimizer, and a training step over rows of a big captured tensor. */
function network(optimizer: tf.Optimizer) {
  const variable = (shape: number[], key: number, scale: number, shift = 0) =>
    tf.tidy(() => tf.variable(statelessNormal(shape, key, 0).mul(scale).add(shift)))
  const layers = [
    { mu: variable([INPUTS, HIDDEN], 1, 0.3), rho: variable([INPUTS, HIDDEN], 2, 0.1, -3) },
    { mu: variable([HIDDEN, CLASSES], 3, 0.3), rho: variable([HIDDEN, CLASSES], 4, 0.1, -3) },
  ]
  const variables = layers.flatMap(({ mu, rho }) => [mu, rho])
  const data = statelessNormal([100, INPUTS], 5, 0)
  const labels = tf.tidy(() => data.slice([0, 0], [100, CLASSES]).argMax(1))
  const step = (rows: tf.Tensor, counter: tf.Tensor) => {
    const loss = () =>
      tf.tidy(() => {
        let h: tf.Tensor = tf.gather(data, rows)
        let kl: tf.Tensor = tf.scalar(0)
        layers.forEach(({ mu, rho }, index) => {
          const sigma = tf.softplus(rho)
          h = h.matMul(mu.add(sigma.mul(statelessNormal(mu.shape, index, counter as tf.Scalar))))
          if (index === 0) h = h.relu()
          kl = kl.add(sigma.square().add(mu.square()).sub(1).mul(0.5).sub(sigma.log()).sum())
        })
        const y = tf.oneHot(tf.gather(labels, rows), CLASSES)
        const nll = tf.losses.softmaxCrossEntropy(y, h)
        return nll.add(kl.div(100)) as tf.Scalar
      })
    return optimizer.minimize(loss, true, variables) as tf.Scalar
  }
  return { step, variables }
}

function rowsOf(step: number): tf.Tensor1D {
  return tf.tensor1d(
    Array.from({ length: BATCH }, (_, i) => (step * 37 + i * 11) % 100),
    'int32',
  )
}

test('a variational network with Adam trains to the same bits as a graph', () => {
  const eager = network(tf.train.adam(0.01))
  const other = network(tf.train.adam(0.01))
  const compiled = compile(other.step)
  for (let i = 0; i < 20; i++) {
    const counter = tf.scalar(i, 'int32')
    const expected = eager.step(rowsOf(i), counter).dataSync()[0]!
    const loss = compiled(rowsOf(i), counter).dataSync()[0]!
    expect(Math.abs(loss - expected)).toBeLessThan(1e-6)
  }
  expect(compiled.graph.reason).toBeUndefined()
  expect(compiled.graph.stats).toMatchObject({ eagerCalls: 1, recordedCalls: 2, graphCalls: 17 })
  eager.variables.forEach((variable, index) => {
    expect(other.variables[index]!.dataSync()).toEqual(variable.dataSync())
  })
  compiled.dispose()
})
