import * as tf from '@tensorflow/tfjs'
import { statelessNormal } from '@tfjs-bayes/backend'
import { compile } from '@tfjs-bayes/backend/compile'
import { expect, test } from 'vitest'
import {
  categoricalLogLikelihood,
  closedKl,
  type Distribution,
  kl,
  klUpperBound,
  Laplace,
  MultivariateNormal,
  monteCarloKl,
  Normal,
  NormalScaleMixture,
  quadratureKl,
  StudentT,
  softplus,
} from '../src/index.ts'

// What training uses must survive tracing: nothing read back, nothing made in JavaScript that changes. On a backend without graphs the step stays eager.

const mixture = new NormalScaleMixture({ weights: [0.75, 0.25], sigmas: [0.5, 0.01] })

/** A loss of posterior and draws. */
type Loss = (q: Normal, draws: tf.Tensor) => tf.Tensor

test.each<[string, Loss]>([
  ['closed, Normal', (q) => closedKl(q, new Normal({ mu: 0, sigma: 0.5 }))],
  ['closed, Laplace', (q) => closedKl(q, new Laplace({ mu: 0, scale: 0.5 }))],
  ['upper bound', (q) => klUpperBound(q, mixture)],
  ['quadrature, mixture', (q) => quadratureKl(q, mixture, { nodes: 8 })],
  ['quadrature, StudentT', (q) => quadratureKl(q, new StudentT({ df: 3, mu: 0, scale: 0.5 }), { nodes: 8 })],
  ['Monte Carlo, mixture', (q, draws) => monteCarloKl(q, mixture, draws, { gradient: 'stickTheLanding' })],
  [
    'Monte Carlo, with its error',
    (q, draws) => kl(q, mixture, { method: 'monteCarlo', samples: tf.stack([draws, tf.neg(draws)]) }).value,
  ],
  [
    'multivariate',
    (q) => closedKl(new MultivariateNormal({ mu: tf.reshape(q.mu as tf.Tensor, [3]), sigma: q.sigma as tf.Tensor }), full()),
  ],
  ['log-likelihood', (q) => categoricalLogLikelihood(tf.expandDims(q.mu as tf.Tensor, 0), tf.tensor1d([1], 'int32'))],
])('%s: a compiled training step gives the eager step’s numbers', (_, loss) => {
  const steps = [false, true].map((compiled) => {
    const [mu, rho] = [tf.variable(tf.tensor1d([0.3, -0.2, 0.05])), tf.variable(tf.tensor1d([-2, -1, -3]))]
    const optimizer = tf.train.sgd(1e-5)
    const eager = (counter: tf.Tensor): tf.Tensor => {
      const { value, grads } = tf.variableGrads(() => {
        const q = new Normal({ mu, sigma: softplus(rho) })
        return tf.sum(loss(q, q.sample(statelessNormal([3], 5, counter as tf.Scalar)))) as tf.Scalar
      }, [mu, rho])
      optimizer.applyGradients(grads)
      return value
    }
    const step = compiled
      ? compile((counter: tf.Tensor) => tf.tidy(() => eager(counter)))
      : (counter: tf.Tensor) => tf.tidy(() => eager(counter))
    const losses = Array.from({ length: 6 }, (_, i) => {
      const [counter] = [tf.scalar(i, 'int32')]
      const value = step(counter)
      const read = value.dataSync()[0]!
      tf.dispose([counter, value])
      return read
    })
    const end = [...mu.dataSync(), ...rho.dataSync()]
    if (compiled && tf.getBackend() === 'tensorflow') {
      const { graph } = step as ReturnType<typeof compile>
      expect(graph.reason).toBeUndefined()
      expect(graph.stats.graphCalls).toBeGreaterThan(0)
    }
    tf.dispose([mu, rho])
    return { losses, end }
  })
  const [eager, compiled] = steps
  compiled!.losses.forEach((each, i) => {
    expect(Math.abs(each - eager!.losses[i]!)).toBeLessThan(1e-5 * (1 + Math.abs(each)))
  })
  compiled!.end.forEach((each, i) => {
    expect(Math.abs(each - eager!.end[i]!)).toBeLessThan(1e-5)
  })
})

test.each<[string, (scale: tf.Tensor) => Distribution]>([
  ['a mixture', (scale) => new NormalScaleMixture({ weights: [0.75, 0.25], sigmas: [0.5, scale] })],
  ['a StudentT', (scale) => new StudentT({ df: 3, mu: 0, scale })],
])('quadrature to %s with a trainable scale: a compiled training step learns what the eager one does', (_, make) => {
  const ends = [false, true].map((compiled) => {
    const variables = [tf.variable(tf.tensor1d([0.3, -0.2, 0.05])), tf.variable(tf.fill([3], -2)), tf.variable(tf.scalar(-3))]
    const [mu, rho, rhoOfScale] = variables as [tf.Variable, tf.Variable, tf.Variable]
    const optimizer = tf.train.sgd(1e-3)
    const eager = (): tf.Tensor => {
      const loss = (): tf.Scalar =>
        tf.sum(quadratureKl(new Normal({ mu, sigma: softplus(rho) }), make(softplus(rhoOfScale)), { nodes: 8 }))
      const { value, grads } = tf.variableGrads(loss, variables)
      optimizer.applyGradients(grads)
      return value
    }
    const step = compiled ? compile(eager) : eager
    for (let i = 0; i < 6; i++) tf.tidy(() => step())
    if (compiled && tf.getBackend() === 'tensorflow') {
      const { graph } = step as ReturnType<typeof compile>
      expect(graph.reason).toBeUndefined()
      expect(graph.stats.graphCalls).toBeGreaterThan(0)
    }
    const end = variables.flatMap((variable) => [...variable.dataSync()])
    tf.dispose(variables)
    return end
  })
  expect(ends[0]!.at(-1)).not.toBe(-3)
  ends[1]!.forEach((each, i) => {
    expect(Math.abs(each - ends[0]![i]!)).toBeLessThan(1e-5)
  })
})

function full(): MultivariateNormal {
  return new MultivariateNormal({
    mu: tf.zeros([3]),
    covariance: tf.tensor2d([
      [1, 0.5, 0],
      [0.5, 1, 0.2],
      [0, 0.2, 2],
    ]),
  })
}
