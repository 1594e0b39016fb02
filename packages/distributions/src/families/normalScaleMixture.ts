import * as tf from '@tensorflow/tfjs'
import { type Constraint, positive, real, unitInterval } from '../constraint.ts'
import { Distribution } from '../distribution.ts'
import { InvalidParameterError } from '../errors.ts'
import { elementwise } from '../numerics/elementwise.ts'
import { bisect } from '../numerics/float64/bisect.ts'
import { logNormalCdf } from '../numerics/float64/logNormalCdf.ts'
import { lazy } from '../numerics/lazy.ts'
import { log1p } from '../numerics/log1p.ts'
import { logSumExp } from '../numerics/logSumExp.ts'
import { onHost } from '../numerics/onHost.ts'
import { sign } from '../numerics/sign.ts'
import { normalCdf, normalLogCdf, normalLogCdfSlope } from '../numerics/standardNormal.ts'
import {
  broadcastParameter,
  broadcastShape,
  checkParameter,
  checkValues,
  indexOf,
  type Parameter,
  parameterShape,
} from '../parameter.ts'
import { standardNormal } from './normal.ts'

const LOG_ROOT_TWO_PI = 0.5 * Math.log(2 * Math.PI)

/**
 * A mixture of normal distributions with one mean and several standard deviations, mixed per element: with a narrow and a wide component
 * the spike-and-slab prior of Blundell et al., 2015, "Weight uncertainty in neural networks", eq. 7 (which mixes each weight, not the tensor).
 *
 *     p(x) = sum_k weights_k N(x; mu, sigmas_k^2)
 *     variance = sum_k weights_k sigmas_k^2
 *
 * Its entropy has no formula.
 */
export class NormalScaleMixture extends Distribution {
  readonly family = 'normalScaleMixture'
  readonly noiseKind = 'normal'
  readonly batchShape: readonly number[]
  override readonly constraints: Readonly<Record<'mu' | 'weights' | 'sigmas', Constraint>> = {
    mu: real,
    weights: unitInterval,
    sigmas: positive,
  }
  readonly mu: Parameter
  readonly weights: readonly Parameter[]
  readonly sigmas: readonly Parameter[]

  /**
   * @param parameters.mu common mean, real; default 0
   * @param parameters.weights probability of each component; they sum to 1
   * @param parameters.sigmas standard deviation of each component, > 0
   * @throws InvalidParameterError for numbers outside their range or lists of different lengths (tensors are not read)
   * @throws ShapeMismatchError when the parameters' shapes do not broadcast
   */
  constructor(parameters: {
    readonly mu?: Parameter
    readonly weights: readonly Parameter[]
    readonly sigmas: readonly Parameter[]
  }) {
    super()
    const { mu = 0, weights, sigmas } = parameters
    if (!Array.isArray(weights) || !Array.isArray(sigmas) || weights.length !== sigmas.length || weights.length === 0) {
      throw new InvalidParameterError(
        `normalScaleMixture: got ${weights?.length} weights and ${sigmas?.length} sigmas; expected two lists of the same length, at least 1.`,
      )
    }
    this.mu = mu
    this.weights = weights
    this.sigmas = sigmas
    for (const [name, parameter, constraint] of this.entries()) checkParameter(this.family, name, parameter, constraint)
    this.batchShape = broadcastShape(
      this.family,
      Object.fromEntries(this.entries().map(([name, each]) => [name, parameterShape(each)])),
    )
    if (weights.every((each) => typeof each === 'number')) {
      checkTotal(
        weights.reduce((sum, each) => sum + each, 0),
        '',
      )
    }
  }

  get parameters(): { readonly mu: Parameter; readonly weights: readonly Parameter[]; readonly sigmas: readonly Parameter[] } {
    return { mu: this.mu, weights: this.weights, sigmas: this.sigmas }
  }

  logProb(x: tf.Tensor): tf.Tensor {
    return this.ofCentred('logProb', x, {
      value: (d, weights, sigmas) => logSumExp(logJoint(d, weights, sigmas)),
      derivatives: (d, weights, sigmas, value) => {
        const shares = sigmas.map((sigma, k) => lazy(() => tf.exp(tf.sub(logJoint(d, [weights[k]!], [sigma])[0]!, value))))
        return {
          d: () => tf.neg(tf.mul(d, tf.addN(sigmas.map((sigma, k) => tf.div(shares[k]!(), squareOf(sigma)))))),
          weight: (k) => tf.exp(tf.sub(logDensity(d, sigmas[k]!), value)),
          sigma: (k) => tf.div(tf.mul(shares[k]!(), tf.sub(boundedSquare(tf.div(d, sigmas[k]!)), 1)), sigmas[k]!),
        }
      },
    })
  }

  /** [...sampleShape, ...batchShape, 2]: one number chooses the component, the other is its draw. */
  override noiseShape(sampleShape: readonly number[] = []): number[] {
    return [...super.noiseShape(sampleShape), 2]
  }

  /**
   * Draws a component and then from it. The gradient is the implicit one (Figurnov, Mohamed and Mnih, 2018, "Implicit reparameterization
   * gradients"), -dF(x) / p(x) by each parameter: it reaches the weights too, along which they still sum to 1, although the choice of a
   * component is not differentiable.
   *
   * @param noise standard normal, [..., 2]
   */
  sample(noise: tf.Tensor): tf.Tensor {
    broadcastShape('normalScaleMixture.sample', { noise: noise.shape, 'batch and pair': [...this.batchShape, 2] })
    return tf.tidy(() => {
      const [choice, draw] = tf.unstack(noise, -1) as [tf.Tensor, tf.Tensor]
      const centred = this.implicit([], (weights, sigmas) => {
        const u = normalCdf(choice)
        let below: Parameter = weights[0]!
        let sigma: tf.Tensor = tf.add(
          sigmas[0]!,
          tf.zeros(broadcastShape('', { noise: u.shape, batch: this.batchShape }) as number[]),
        )
        for (let k = 1; k < sigmas.length; k++) {
          sigma = tf.where(tf.greaterEqual(u, below), tf.add(sigmas[k]!, tf.zerosLike(sigma)), sigma)
          below = tf.add(below, weights[k]!)
        }
        return tf.mul(sigma, draw)
      })
      return tf.add(this.mu, centred)
    })
  }

  mean(): tf.Tensor {
    return this.ofBatch(this.mu)
  }

  override mode(): tf.Tensor {
    return this.ofBatch(this.mu)
  }

  variance(): tf.Tensor {
    return tf.tidy(() => {
      const terms = this.sigmas.map((sigma, k) => tf.mul(this.weights[k]!, tf.square(sigma)))
      return this.ofBatch(terms.reduce((sum, term) => tf.add(sum, term)))
    })
  }

  entropy(): tf.Tensor {
    return this.lacks('entropy', "It is crossEntropy(p, p) by 'monteCarlo', on samples")
  }

  override cdf(x: tf.Tensor): tf.Tensor {
    return this.ofCentred('cdf', x, {
      value: (d, weights, sigmas) => tf.addN(sigmas.map((sigma, k) => tf.mul(weights[k]!, normalCdf(tf.div(d, sigma))))),
      derivatives: (d, weights, sigmas) => ({
        d: () => tf.exp(logSumExp(logJoint(d, weights, sigmas))),
        weight: (k) => normalCdf(tf.div(d, sigmas[k]!)),
        sigma: (k) => tf.neg(tf.mul(tf.div(d, sigmas[k]!), tf.exp(logJoint(d, [weights[k]!], [sigmas[k]!])[0]!))),
      }),
    })
  }

  override logCdf(x: tf.Tensor): tf.Tensor {
    return this.logTail('logCdf', x)
  }

  override logSurvival(x: tf.Tensor): tf.Tensor {
    // Symmetric about mu: P(X > x) = P(X <= 2 mu - x).
    return this.logTail('logSurvival', x, -1)
  }

  /** By bisection in float64 on the host (it reads p and the parameters); the gradient is the implicit one of {@link sample}. */
  override quantile(p: tf.Tensor): tf.Tensor {
    broadcastShape('normalScaleMixture.quantile', { p: p.shape, batch: this.batchShape })
    const count = this.sigmas.length
    return tf.tidy(() => {
      const centred = this.implicit([p], (weights, sigmas) =>
        onHost([p, ...weights, ...sigmas], (each, ...rest) => quantileOf(each, rest.slice(0, count), rest.slice(count))),
      )
      return tf.add(this.mu, centred)
    })
  }

  override validate(): this {
    for (const [name, parameter, constraint] of this.entries()) checkValues(this.family, name, parameter, constraint)
    tf.tidy(() => {
      const totals = tf.addN(this.weights.map((each) => broadcastParameter(each, this.batchShape))).dataSync()
      totals.forEach((total, i) => {
        checkTotal(total, `[${indexOf(i, this.batchShape)}]`)
      })
    })
    return this
  }

  private logTail(method: string, x: tf.Tensor, side: 1 | -1 = 1): tf.Tensor {
    return this.ofCentred(method, x, {
      value: (d, weights, sigmas) => {
        const towards = tf.mul(d, side)
        const lower = logSumExp(sigmas.map((sigma, k) => tf.add(tf.log(weights[k]!), normalLogCdf(tf.div(towards, sigma)))))
        const rest = tf.addN(sigmas.map((sigma, k) => tf.mul(weights[k]!, normalCdf(tf.div(tf.neg(tf.relu(towards)), sigma)))))
        return tf.where(tf.less(towards, 0), lower, log1p(tf.neg(rest)))
      },
      derivatives: (d, weights, sigmas, value) => {
        const z = sigmas.map((sigma) => lazy(() => tf.div(tf.mul(d, side), sigma)))
        // The k-th component's part of d log F / dz_k.
        const slopes = sigmas.map((sigma, k) =>
          lazy(() => {
            const share = tf.exp(tf.sub(tf.add(tf.log(weights[k]!), normalLogCdf(z[k]!())), value))
            return tf.div(tf.mul(share, normalLogCdfSlope(z[k]!())), sigma)
          }),
        )
        return {
          d: () => tf.mul(tf.addN(slopes.map((slope) => slope())), side),
          weight: (k) => tf.exp(tf.sub(normalLogCdf(z[k]!()), value)),
          sigma: (k) => tf.neg(tf.mul(z[k]!(), slopes[k]!())),
        }
      },
    })
  }

  /** A function of d = x - mu and the components. */
  private ofCentred(method: string, x: tf.Tensor, rule: CentredRule): tf.Tensor {
    const shape = broadcastShape(`normalScaleMixture.${method}`, { x: x.shape, batch: this.batchShape })
    const count = this.sigmas.length
    // Of the full shape, for the components' terms to be of one: their parameters may have different shapes.
    const full = (d: Parameter): tf.Tensor => broadcastParameter(d, shape)
    return tf.tidy(() =>
      elementwise([tf.sub(x, this.mu), ...this.weights, ...this.sigmas], {
        value: ([d, ...rest], save) => {
          const value = rule.value(full(d), rest.slice(0, count), rest.slice(count))
          save(value)
          return value
        },
        derivatives: ([d, ...rest], [value]) => {
          const by = rule.derivatives(full(d), rest.slice(0, count), rest.slice(count), value!)
          return [by.d, ...this.weights.map((_, k) => () => by.weight(k)), ...this.sigmas.map((_, k) => () => by.sigma(k))]
        },
      }),
    )
  }

  /** A draw or quantile d = x - mu whose gradient is -dF(d) / p(d), and 1 / p(d) by the probabilities in `inputs`. */
  private implicit(
    inputs: readonly Parameter[],
    compute: (weights: readonly Parameter[], sigmas: readonly Parameter[]) => tf.Tensor,
  ): tf.Tensor {
    const { weights, sigmas } = this
    const all = [...inputs, ...weights, ...sigmas]
    if (all.every((each) => typeof each === 'number')) return compute(weights, sigmas)
    const count = sigmas.length
    return elementwise(all, {
      value: (given, save) => {
        const d = compute(given.slice(inputs.length, -count), given.slice(-count))
        save(d)
        return d
      },
      derivatives: (given, [d]) => {
        const [w, s] = [given.slice(inputs.length, -count), given.slice(-count)]
        const logDensityOfAll = lazy(() => logSumExp(logJoint(d!, w, s)))
        // By symmetry F(z_k) - F = -sign(d) (F(-|z_k|) - F(-|d|)): differences of tails, which do not cancel.
        const tails = lazy(() => s.map((sigma) => normalCdf(tf.neg(tf.abs(tf.div(d!, sigma))))))
        const tail = lazy(() => tf.addN(tails().map((each, k) => tf.mul(each, w[k]!))))
        return [
          ...inputs.map(() => () => tf.exp(tf.neg(logDensityOfAll()))),
          ...w.map((_, k) => () => tf.mul(sign(d!), tf.mul(tf.sub(tails()[k]!, tail()), tf.exp(tf.neg(logDensityOfAll()))))),
          ...s.map(
            (sigma, k) => () => tf.mul(tf.div(d!, sigma), tf.exp(tf.sub(logJoint(d!, [w[k]!], [sigma])[0]!, logDensityOfAll()))),
          ),
        ]
      },
    })
  }

  private entries(): readonly (readonly [string, Parameter, Constraint])[] {
    const { mu, weights, sigmas } = this.constraints
    return [
      ['mu', this.mu, mu],
      ...this.weights.map((each, k) => [`weights[${k}]`, each, weights] as const),
      ...this.sigmas.map((each, k) => [`sigmas[${k}]`, each, sigmas] as const),
    ]
  }
}

interface CentredRule {
  readonly value: (d: tf.Tensor, weights: readonly Parameter[], sigmas: readonly Parameter[]) => tf.Tensor
  readonly derivatives: (
    d: tf.Tensor,
    weights: readonly Parameter[],
    sigmas: readonly Parameter[],
    value: tf.Tensor,
  ) => { readonly d: () => tf.Tensor; readonly weight: (k: number) => tf.Tensor; readonly sigma: (k: number) => tf.Tensor }
}

/** log N(d; 0, sigma^2). */
function logDensity(d: tf.Tensor, sigma: Parameter): tf.Tensor {
  return tf.sub(standardNormal.logDensity(tf.div(d, sigma)), tf.log(sigma))
}

/** log (weight_k N(d; 0, sigma_k^2)), for each component. */
function logJoint(d: tf.Tensor, weights: readonly Parameter[], sigmas: readonly Parameter[]): tf.Tensor[] {
  return sigmas.map((sigma, k) => {
    const constant = tf.sub(tf.log(weights[k]!), tf.add(tf.log(sigma), LOG_ROOT_TWO_PI))
    return tf.add(tf.mul(tf.square(tf.div(d, sigma)), -0.5), constant)
  })
}

function squareOf(parameter: Parameter): Parameter {
  return typeof parameter === 'number' ? parameter * parameter : tf.square(parameter)
}

/** z^2, finite: it only meets an exponential that is 0 long before. */
function boundedSquare(z: tf.Tensor): tf.Tensor {
  return tf.minimum(tf.square(z), 1e30)
}

function quantileOf(p: number, weights: readonly number[], sigmas: readonly number[]): number {
  if (!(p >= 0 && p <= 1)) return Number.NaN
  const tail = Math.min(p, 1 - p)
  if (tail === 0.5) return 0
  const logTail = (size: number): number =>
    Math.log(sigmas.reduce((sum, sigma, k) => sum + weights[k]! * Math.exp(logNormalCdf(-size / sigma)), 0))
  const size = tail === 0 ? Number.POSITIVE_INFINITY : bisect((d) => -logTail(d), -Math.log(tail), 0, 40 * Math.max(...sigmas))
  return p < 0.5 ? -size : size
}

function checkTotal(total: number, where: string): void {
  if (Math.abs(total - 1) <= 1e-5) return
  throw new InvalidParameterError(
    `normalScaleMixture: the weights${where} sum to ${total}; expected 1. Divide them by their sum, or use a softmax.`,
  )
}
