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
  const pair = numbersAsPrior(q, p)
  if (pair === undefined) return tf.sum(klNormalNormal(q, p))
  const { prior } = pair
  const kl = tf.customGrad((...args: (tf.Tensor | tf.GradSaveFunc)[]) => {
    const [mu, sigma, save] = args as [tf.Tensor, tf.Tensor, tf.GradSaveFunc]
    save([mu, sigma])
    const gradFunc = (dy: tf.Tensor, saved: tf.Tensor[]): tf.Tensor[] => {
      const slope = tf.mul(dy, 1 / prior.sigma ** 2)
      return [tf.mul(slope, distance(saved[0]!, prior.mu)), tf.sub(tf.mul(slope, saved[1]!), tf.div(dy, saved[1]!))]
    }
    return { value: summedKl(mu, sigma, prior), gradFunc }
  })
  return kl(pair.mu, pair.sigma) as tf.Scalar
}

/**
 * sigma_q^2, and the sum of KL(q || p) as {@link sumOfKlNormalNormal} gives it: for a step that needs both.
 *
 * Both have gradients by sigma_q. As one op with two results they are found together, which reads and writes twelve arrays of the
 * weights' size instead of fifteen. With v for the variance:
 *
 *     d/dsigma = sigma (2 d/dv + d/dKL / sigma_p^2) - d/dKL / sigma
 *
 * @returns the variance, of sigma_q's shape, and the KL in nats, a scalar; the caller owns both
 */
export function varianceAndSumOfKl(q: Normal, p: Normal): [variance: tf.Tensor, kl: tf.Scalar] {
  const pair = numbersAsPrior(q, p)
  if (pair === undefined) return [q.variance(), sumOfKlNormalNormal(q, p)]
  const backendName = tf.getBackend()
  if (tf.getKernel(VARIANCE_AND_KL, backendName) == null) tf.registerKernel({ ...varianceAndKlKernel, backendName })
  if (tf.getGradient(VARIANCE_AND_KL) == null) tf.registerGradient(varianceAndKlGradient)
  const results: unknown = tf.engine().runKernel(VARIANCE_AND_KL, { mu: pair.mu, sigma: pair.sigma }, { ...pair.prior })
  return results as [tf.Tensor, tf.Scalar]
}

const VARIANCE_AND_KL = 'VarianceAndSumOfKl'

/** tf.customGrad takes functions with one result; a kernel may have several. This one is made of tfjs's ops, on every backend. */
const varianceAndKlKernel: Omit<tf.KernelConfig, 'backendName'> = {
  kernelName: VARIANCE_AND_KL,
  kernelFunc: ({ inputs, attrs }) => {
    const { mu, sigma } = inputs as { mu: tf.Tensor; sigma: tf.Tensor }
    return tf.tidy(() => [tf.square(sigma), summedKl(mu, sigma, attrs as unknown as PriorNumbers)])
  },
}

const varianceAndKlGradient: tf.GradConfig = {
  kernelName: VARIANCE_AND_KL,
  inputsToSave: ['mu', 'sigma'],
  gradFunc: (dy, [mu, sigma], attributes) => {
    const [dVariance, dKl] = dy as tf.Tensor[]
    const prior = attributes as unknown as PriorNumbers
    const slope = tf.mul(dKl!, 1 / prior.sigma ** 2)
    return {
      mu: () => tf.mul(slope, distance(mu!, prior.mu)),
      sigma: () => tf.sub(tf.mul(tf.add(tf.mul(dVariance!, 2), slope), sigma!), tf.div(dKl!, sigma!)),
    }
  },
}

/** A prior that is the same for all weights. (A type, not an interface: tfjs takes it as the attributes of a kernel.) */
type PriorNumbers = { readonly mu: number; readonly sigma: number }

/** What the sum takes: parameters of q that are tensors of one shape, and of p that are numbers; undefined where they are not. */
function numbersAsPrior(q: Normal, p: Normal): { mu: tf.Tensor; sigma: tf.Tensor; prior: PriorNumbers } | undefined {
  const { mu, sigma } = q
  const prior = { mu: p.mu, sigma: p.sigma }
  if (typeof prior.mu !== 'number' || typeof prior.sigma !== 'number') return undefined
  if (typeof mu === 'number' || typeof sigma === 'number' || !tf.util.arraysEqual(mu.shape, sigma.shape)) return undefined
  return { mu, sigma, prior: prior as PriorNumbers }
}

function summedKl(mu: tf.Tensor, sigma: tf.Tensor, prior: PriorNumbers): tf.Scalar {
  const squares = tf.add(total(tf.square(distance(mu, prior.mu))), total(tf.square(sigma)))
  const constant = mu.size * (Math.log(prior.sigma) - 0.5)
  return tf.add(tf.sub(tf.mul(squares, 1 / prior.sigma ** 2 / 2), total(tf.log(sigma))), constant)
}

function distance(mu: tf.Tensor, centre: number): tf.Tensor {
  return centre === 0 ? mu : tf.sub(mu, centre)
}

/** The sum, axis by axis: the kernel of wasm adds up one after the other, which loses 1e-4 of a million elements. */
function total(x: tf.Tensor): tf.Tensor {
  return x.rank > 1 ? total(tf.sum(x, -1)) : tf.sum(x)
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
