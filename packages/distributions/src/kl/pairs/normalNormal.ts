import * as tf from '@tensorflow/tfjs'
import type { Normal } from '../../families/normal.ts'
import { elementwise } from '../../numerics/elementwise.ts'
import type { Parameter } from '../../parameter.ts'
import { broadcastParameter, broadcastShape } from '../../parameter.ts'

/**
 * KL(N(mu_q, sigma_q^2) || N(mu_p, sigma_p^2)), elementwise, in nats; never summed.
 *
 *     d = (mu_q - mu_p) / sigma_p,  r = sigma_q / sigma_p:   KL = (d^2 + (r - 1) (r + 1)) / 2 - log r
 *
 * r - 1 is exact where q is close to p, so that what is left of r^2 - 1 - 2 log r is right for an r that is off by its rounding, where the square
 * would have lost it. The gradient is written by hand because these are the most numerous elementwise passes of a training step, and every op is one that
 * TensorFlow has vectorized (expm1 takes as long as ten of these).
 *
 * @returns shape: the broadcast of both batch shapes; >= 0 up to rounding (about 1e-7 * |log r|)
 * @throws ShapeMismatchError when the batch shapes do not broadcast
 */
export function klNormalNormal(q: Normal, p: Normal): tf.Tensor {
  const shape = broadcastShape('KL(Normal || Normal)', { q: q.batchShape, p: p.batchShape })
  const inputs = [q.mu, q.sigma, p.mu, p.sigma] as const
  if (isNumbers(inputs)) {
    const value = klOfNumbers(...inputs)
    return broadcastParameter(value, shape)
  }
  return elementwise(inputs, {
    value: ([muQ, sigmaQ, muP, sigmaP], save) => {
      const d = tf.div(muP === 0 ? muQ : tf.sub(muQ, muP), sigmaP)
      const r = tf.div(sigmaQ, sigmaP)
      const away = tf.sub(r, 1)
      const excess = tf.mul(away, tf.add(away, 2))
      save(d, excess)
      return tf.sub(tf.mul(tf.add(tf.square(d), excess), 0.5), tf.log(r))
    },
    derivatives: ([, sigmaQ, , sigmaP], [d, excess]) => [
      () => tf.div(d!, sigmaP),
      () => tf.div(excess!, sigmaQ),
      () => tf.neg(tf.div(d!, sigmaP)),
      // Finite: a mixture multiplies it by the share of a component, which is 0 so far out.
      () => tf.neg(tf.minimum(tf.div(tf.add(tf.square(d!), excess!), sigmaP), LARGEST)),
    ],
  })
}

/**
 * The sum of {@link klNormalNormal} over all elements, for one p = N(mu_p, sigma_p^2) given by numbers: what a training step asks for.
 *
 *     KL = (sum (mu_q - mu_p)^2 + sum sigma_q^2) / (2 sigma_p^2) - sum log(sigma_q) + n (log(sigma_p) - 1/2)
 *
 * It takes half the passes over the weights, since each term is summed at once and the gradient's factor is a scalar. In exchange it is exact up to
 * about 1e-6 of those sums, where the elementwise form keeps the leading digits of a divergence near 0.
 *
 * @returns scalar, in nats; the caller owns it
 */
export function sumOfKlNormalNormal(q: Normal, p: Normal): tf.Scalar {
  const { mu: muP, sigma: sigmaP } = p
  const { mu: muQ, sigma: sigmaQ } = q
  if (
    typeof muP !== 'number' ||
    typeof sigmaP !== 'number' ||
    !isTensor(muQ) ||
    !isTensor(sigmaQ) ||
    !tf.util.arraysEqual(muQ.shape, sigmaQ.shape)
  )
    return tf.sum(klNormalNormal(q, p))
  const constant = muQ.size * (Math.log(sigmaP) - 0.5)
  const perSquare = 1 / sigmaP ** 2
  const kl = tf.customGrad((...args: (tf.Tensor | tf.GradSaveFunc)[]) => {
    const [mu, sigma, save] = args as [tf.Tensor, tf.Tensor, tf.GradSaveFunc]
    const d = muP === 0 ? mu : tf.sub(mu, muP)
    save([d, sigma])
    const squares = tf.add(total(tf.square(d)), total(tf.square(sigma)))
    const value = tf.add(tf.sub(tf.mul(squares, perSquare / 2), total(tf.log(sigma))), constant)
    const gradFunc = (dy: tf.Tensor, saved: tf.Tensor[]): tf.Tensor[] => {
      const slope = tf.mul(dy, perSquare)
      return [tf.mul(slope, saved[0]!), tf.sub(tf.mul(slope, saved[1]!), tf.div(dy, saved[1]!))]
    }
    return { value, gradFunc }
  })
  return kl(muQ, sigmaQ) as tf.Scalar
}

/** The sum, axis by axis: the kernel of wasm adds up one after the other, which loses 1e-4 of a million elements. */
function total(x: tf.Tensor): tf.Tensor {
  return x.rank > 1 ? total(tf.sum(x, -1)) : tf.sum(x)
}

function isTensor(parameter: Parameter): parameter is tf.Tensor {
  return typeof parameter !== 'number'
}

/** The largest float32, nearly. */
const LARGEST = 3e38

type Four<T> = readonly [T, T, T, T]

function isNumbers(inputs: Four<Parameter>): inputs is Four<number> {
  return inputs.every((input) => typeof input === 'number')
}

function klOfNumbers(muQ: number, sigmaQ: number, muP: number, sigmaP: number): number {
  const t = 2 * Math.log(sigmaQ / sigmaP)
  return 0.5 * (((muQ - muP) / sigmaP) ** 2 + Math.expm1(t) - t)
}
