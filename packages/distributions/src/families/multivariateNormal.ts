import * as tf from '@tensorflow/tfjs'
import { type Constraint, positive, real, realVector } from '../constraint.ts'
import { Distribution } from '../distribution.ts'
import { InvalidParameterError, ShapeMismatchError } from '../errors.ts'
import { checkCholeskyFactor, checkCovariance } from '../linalg/checkMatrices.ts'
import { broadcastShape, checkValues } from '../parameter.ts'
import { type CovarianceRoot, covarianceRoot, diagonalRoot, factorRoot, precisionRoot } from './covarianceRoot.ts'

const LOG_TWO_PI = Math.log(2 * Math.PI)

/** How a covariance is given. */
export type CovarianceStructure = 'covariance' | 'precision' | 'cholesky' | 'sigma'

/** The mean, and the covariance in one of its forms. */
export type MultivariateNormalParameters = { readonly mu: tf.Tensor } & (
  | { readonly covariance: tf.Tensor }
  | { readonly precision: tf.Tensor }
  | { readonly cholesky: tf.Tensor }
  | { readonly sigma: tf.Tensor }
)

/**
 * The multivariate normal distribution N(mu, Sigma) over vectors of length n, one per element of the batch.
 *
 *     log p(x) = -|L^-1 (x - mu)|^2 / 2 - log|L| - n log(2 pi) / 2,   Sigma = L L^T
 *     x = mu + L eps
 *
 * Kotz, Balakrishnan and Johnson, Continuous Multivariate Distributions, 2000, chapter 45.
 *
 * The covariance keeps the form in which it is given; nothing is inverted, and a diagonal never becomes a matrix. A covariance or a precision is factorized
 * at each call; give the Cholesky factor where that matters.
 */
export class MultivariateNormal extends Distribution {
  readonly family = 'multivariateNormal'
  readonly noiseKind = 'normal'
  readonly batchShape: readonly number[]
  override readonly eventShape: readonly number[]
  override readonly support: Constraint = realVector
  override readonly constraints: Readonly<Record<string, Constraint>>
  readonly parameters: Readonly<Record<string, tf.Tensor>>
  readonly mu: tf.Tensor
  /** The form in which the covariance is given. */
  readonly structure: CovarianceStructure

  /**
   * @param parameters.mu mean, [...batch, n]
   * @param parameters.covariance [...batch, n, n], symmetric and positive definite; or
   * @param parameters.precision the inverse of the covariance, likewise; or
   * @param parameters.cholesky [...batch, n, n], lower triangular with a positive diagonal, the covariance being L L^T; or
   * @param parameters.sigma standard deviations of independent elements, [...batch, n], > 0
   * @throws InvalidParameterError unless mu and exactly one form of the covariance are given as tensors (they are not read: see validate)
   * @throws ShapeMismatchError when their shapes do not fit
   */
  constructor(parameters: MultivariateNormalParameters) {
    super()
    const given = parameters as unknown as Readonly<Record<string, tf.Tensor | undefined>>
    const forms = STRUCTURES.filter((structure) => given?.[structure] != null)
    const structure = forms[0]
    const [mu, covariance] = [given?.['mu'], given?.[structure ?? '']]
    if (!(mu instanceof tf.Tensor) || !(covariance instanceof tf.Tensor) || structure == null || forms.length !== 1) {
      throw new InvalidParameterError(
        `multivariateNormal: got ${Object.keys(given ?? {}).join(', ')}; expected tensors mu and exactly one of ${STRUCTURES.join(', ')}.`,
      )
    }
    const event = structure === 'sigma' ? 1 : 2
    const size = covariance.shape.at(-1)
    if (mu.rank < 1 || covariance.rank < event || covariance.shape.at(-event) !== size || mu.shape.at(-1) !== size) {
      const form = event === 1 ? '[..., n]' : '[..., n, n]'
      throw new ShapeMismatchError(
        `multivariateNormal: mu has shape [${mu.shape}], ${structure} [${covariance.shape}]; expected [..., n] and ${form} with the same n.`,
      )
    }
    this.mu = mu
    this.structure = structure
    this.parameters = { mu, [structure]: covariance }
    this.constraints = { mu: real, [structure]: structure === 'sigma' ? positive : MATRICES[structure] }
    this.batchShape = broadcastShape('multivariateNormal', {
      mu: mu.shape.slice(0, -1),
      [structure]: covariance.shape.slice(0, -event),
    })
    this.eventShape = [size!]
  }

  logProb(x: tf.Tensor): tf.Tensor {
    this.checkShape('logProb', x)
    return tf.tidy(() => {
      const root = this.root()
      const whitened = this.onColumns(tf.sub(x, this.mu), root.solve)
      const square = tf.sum(tf.square(whitened), -1)
      const constant = tf.add(tf.sum(tf.log(root.diagonal()), -1), (this.size * LOG_TWO_PI) / 2)
      return tf.sub(tf.mul(square, -0.5), constant)
    })
  }

  /** mu + L * noise: reparameterized. */
  sample(noise: tf.Tensor): tf.Tensor {
    this.checkShape('sample', noise)
    return tf.tidy(() => tf.add(this.mu, this.onColumns(noise, this.root().times)))
  }

  mean(): tf.Tensor {
    return tf.broadcastTo(this.mu, [...this.batchShape, this.size])
  }

  override mode(): tf.Tensor {
    return this.mean()
  }

  /** The diagonal of the covariance. */
  variance(): tf.Tensor {
    return tf.tidy(() => {
      const { sigma } = this.parameters
      const variance = sigma ? tf.square(sigma) : tf.sum(tf.square(this.root().matrix()), -1)
      return tf.broadcastTo(variance, [...this.batchShape, this.size])
    })
  }

  /** The covariance matrix, [...batchShape, n, n]. */
  covariance(): tf.Tensor {
    return tf.tidy(() => {
      const matrix = this.root().matrix()
      return tf.broadcastTo(this.parameters['covariance'] ?? tf.matMul(matrix, matrix, false, true), [
        ...this.batchShape,
        this.size,
        this.size,
      ])
    })
  }

  /** log|L| + n log(2 pi e) / 2. */
  entropy(): tf.Tensor {
    return tf.tidy(() => this.ofBatch(tf.add(tf.sum(tf.log(this.root().diagonal()), -1), (this.size * (LOG_TWO_PI + 1)) / 2)))
  }

  /** The root of the covariance; its tensors belong to the tf.tidy around this call. */
  root(): CovarianceRoot {
    const { covariance, precision, cholesky: factor, sigma } = this.parameters
    if (sigma) return diagonalRoot(sigma)
    if (factor) return factorRoot(factor)
    return precision ? precisionRoot(precision) : covarianceRoot(covariance!)
  }

  /**
   * Reads the parameters: finite numbers, positive standard deviations, a symmetric positive definite covariance or precision, a lower triangular factor with
   * a positive diagonal.
   *
   * @throws InvalidParameterError with the parameter, the index and the value
   */
  override validate(): this {
    const given = this.parameters[this.structure]!
    checkValues(this.family, 'mu', this.mu, real)
    checkValues(this.family, this.structure, given, this.structure === 'sigma' ? positive : real)
    if (this.structure === 'cholesky') checkCholeskyFactor(this.family, this.structure, given)
    else if (this.structure !== 'sigma') checkCovariance(this.family, this.structure, given)
    return this
  }

  private get size(): number {
    return this.eventShape[0]!
  }

  /**
   * Applies a product with columns to vectors [..., n]. For an unbatched matrix all vectors become the columns of one product; for a batched one each is a
   * column of its own.
   */
  private onColumns(vectors: tf.Tensor, product: (columns: tf.Tensor) => tf.Tensor): tf.Tensor {
    const matrixBatch = this.parameters[this.structure]!.rank - (this.structure === 'sigma' ? 1 : 2)
    if (matrixBatch > 0 || this.structure === 'sigma') return tf.squeeze(product(tf.expandDims(vectors, -1)), [-1])
    const columns = tf.transpose(tf.reshape(vectors, [-1, this.size]))
    return tf.reshape(tf.transpose(product(columns)), vectors.shape)
  }

  private checkShape(method: string, x: tf.Tensor): void {
    if (x.shape.at(-1) !== this.size) {
      throw new ShapeMismatchError(`multivariateNormal.${method}: got shape [${x.shape}]; expected [..., ${this.size}].`)
    }
    broadcastShape(`multivariateNormal.${method}`, { given: x.shape.slice(0, -1), batch: this.batchShape })
  }
}

const STRUCTURES: readonly CovarianceStructure[] = ['covariance', 'precision', 'cholesky', 'sigma']

const MATRICES: Readonly<Record<'covariance' | 'precision' | 'cholesky', Constraint>> = {
  covariance: { ...real, name: 'symmetric positive definite' },
  precision: { ...real, name: 'symmetric positive definite' },
  cholesky: { ...real, name: 'lower triangular, diagonal > 0' },
}
