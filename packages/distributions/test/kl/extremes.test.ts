import * as tf from '@tensorflow/tfjs'
import { expect, test } from 'vitest'
import {
  Cauchy,
  closedKl,
  closedKlPairs,
  type Distribution,
  HalfCauchy,
  HalfNormal,
  klUpperBound,
  Laplace,
  Logistic,
  LogNormal,
  Normal,
  NormalScaleMixture,
  quadratureKl,
  StudentT,
  Uniform,
} from '../../src/index.ts'

// Scales from 1e-6 to 1e6 on both sides, and locations a thousand scales apart: values and gradients by every parameter may be infinite where the
// truth leaves float32, and never NaN; no divergence is below -1e-6.

const SCALES = [1e-6, 1e-3, 1, 1e3, 1e6]
type Make = (location: tf.Tensor, scale: tf.Tensor) => Distribution

const families: Readonly<Record<string, Make>> = {
  normal: (mu, sigma) => new Normal({ mu, sigma }),
  laplace: (mu, scale) => new Laplace({ mu, scale }),
  logistic: (mu, scale) => new Logistic({ mu, scale }),
  cauchy: (mu, scale) => new Cauchy({ mu, scale }),
  studentT: (mu, scale) => new StudentT({ df: 5, mu, scale }),
  // Those without a location, or whose location would round their width away, get none; the gradient by it is then 0.
  uniform: (location, width) => new Uniform({ low: tf.add(width, tf.mul(location, 0)), high: tf.mul(width, 3) }),
  halfNormal: (location, sigma) => new HalfNormal({ sigma: tf.add(sigma, tf.mul(location, 0)) }),
  halfCauchy: (location, scale) => new HalfCauchy({ scale: tf.add(scale, tf.mul(location, 0)) }),
}

/** Location and scale of q, scale of p (at 0), as columns. */
function grid(): readonly [tf.Tensor, tf.Tensor, tf.Tensor] {
  const rows = SCALES.flatMap((q) => SCALES.flatMap((p) => [0, 1, 1000].map((steps) => [steps * Math.max(q, p), q, p] as const)))
  const column = (k: 0 | 1 | 2): tf.Tensor => tf.tensor1d(rows.map((row) => row[k]))
  return [column(0), column(1), column(2)]
}

function check(divergence: (location: tf.Tensor, q: tf.Tensor, p: tf.Tensor) => tf.Tensor): void {
  tf.tidy(() => {
    const points = grid()
    const where = (i: number): string =>
      `q at ${points[0].dataSync()[i]} of scale ${points[1].dataSync()[i]}, p of scale ${points[2].dataSync()[i]}`
    divergence(...points)
      .dataSync()
      .forEach((value, i) => {
        expect(value, where(i)).toBeGreaterThan(-1e-6)
      })
    const gradients = tf.grads((...at: tf.Tensor[]) => tf.sum(divergence(at[0]!, at[1]!, at[2]!)))([...points])
    for (const [k, gradient] of gradients.entries()) {
      gradient.dataSync().forEach((slope, i) => {
        expect(Number.isNaN(slope), `slope ${k} for ${where(i)}`).toBe(false)
      })
    }
  })
}

const pairs = [...closedKlPairs()]
  .filter(([, kind]) => kind === 'formula')
  .map(([pair]) => pair.split(' || ') as [string, string])
  .filter(([q, p]) => q in families && p in families)

test.each(pairs)('KL(%s || %s) by formula', (q, p) => {
  check((location, qScale, pScale) => closedKl(families[q]!(location, qScale), families[p]!(tf.zerosLike(location), pScale)))
})

test.each(['laplace', 'logistic', 'cauchy', 'studentT'])('KL(normal || %s) by quadrature', (p) => {
  check((location, sigma, scale) =>
    quadratureKl(new Normal({ mu: location, sigma }), families[p]!(tf.zerosLike(location), scale)),
  )
})

test.each([
  ['quadrature', quadratureKl],
  ['upper bound', klUpperBound],
])('KL(normal || mixture) by %s', (_, road) => {
  check((location, sigma, scale) => {
    const p = new NormalScaleMixture({ weights: [0.75, 0.25], sigmas: [scale, tf.mul(scale, 0.01)] })
    return road(new Normal({ mu: location, sigma }), p)
  })
})

test('KL(logNormal || logNormal), by which logarithms a thousand apart have no exponential in float32', () => {
  check((location, qScale, pScale) =>
    closedKl(new LogNormal({ mu: location, sigma: qScale }), new LogNormal({ mu: tf.zerosLike(location), sigma: pScale })),
  )
})
