import * as tf from '@tensorflow/tfjs'
import {
  closedKl,
  type Distribution,
  hasClosedKl,
  inverseSoftplus,
  monteCarloKl,
  Normal,
  softplus,
} from '@tfjs-bayes/distributions'
import { InvalidLayerArgumentError, LayerNotBuiltError, MissingDatasetSizeError, UnsupportedKlError } from '../errors.ts'
import type { WeightPosterior } from '../estimators/estimator.ts'
import { type EstimatorName, estimators } from '../estimators/estimators.ts'
import { ForwardPass, type Mode, type PassParticipant } from '../forwardPass.ts'
import { seededNoise } from '../noise/seededNoise.ts'
import type { LinearOperator } from '../operators/linearOperator.ts'
import { argsOfConfig, serializeOptions } from './serializeOptions.ts'
import {
  type Activation,
  type Constraint,
  type Initializer,
  type Kwargs,
  type LayerArgs,
  twinConfig,
  twinParts,
} from './tfLayer.ts'
import { type EstimatorOptions, type KlMethod, resolveOptions, type VariationalOptions } from './variationalOptions.ts'

/** What a kind of variational layer adds to the base class. */
export interface LayerKind {
  readonly operator: LinearOperator
  /** The `tf.layers` layer that this one is at sigma = 0: it checks arguments, resolves names, knows shapes and config. It never gets weights. */
  readonly twin: tf.layers.Layer
  /** What the twin calls its kernel in the names of its arguments. Default 'kernel'. */
  readonly kernelName?: string
}

/**
 * A layer whose weights have a distribution: operator x estimator x posterior x prior, as a `tf.layers.Layer`.
 *
 * The posterior is mean-field Gaussian, N(mu, sigma^2) with sigma = softplus(rho); mu and rho are the variables. Which weights a call uses is an
 * argument of the call, `model.apply(x, {pass})` with a {@link ForwardPass}. Without one, training draws (from seed and call counter) and inference
 * follows `inferenceMode`; `model.fit` adds KL / datasetSize to its loss.
 */
export abstract class VariationalLayer extends tf.layers.Layer implements PassParticipant {
  readonly operator: LinearOperator
  readonly estimator: EstimatorName
  readonly klMethod: KlMethod
  readonly prior: Distribution
  readonly initialSigma: number
  readonly datasetSize: number | undefined
  readonly seed: number
  readonly inferenceMode: Mode
  readonly activation: Activation
  readonly useBias: boolean
  private readonly kind: Required<LayerKind>
  private readonly variables = new Map<string, tf.LayerVariable>()
  private callCount = 0
  private trainingStep: { readonly kwargs: object; readonly pass: ForwardPass } | undefined

  protected constructor(args: LayerArgs & VariationalOptions & EstimatorOptions, kind: (layer: string) => LayerKind) {
    super(args)
    const options = resolveOptions(this.name, args)
    this.estimator = options.estimator
    this.klMethod = options.klMethod
    this.prior = options.prior
    this.initialSigma = options.initialSigma
    this.datasetSize = options.datasetSize
    this.seed = options.seed
    this.inferenceMode = options.inferenceMode
    this.kind = { kernelName: 'kernel', ...this.checked(kind) }
    const { operator, twin, kernelName } = this.kind
    const { activation, useBias } = twinParts(twin, kernelName)
    this.operator = operator
    this.activation = activation
    this.useBias = useBias
    this.inputSpec = operator.inputRank === undefined ? twin.inputSpec : [{ ndim: operator.inputRank }]
    this.batchInputShape = twin.batchInputShape
    this.supportsMasking = twin.supportsMasking
  }

  /** Means of the kernel. */
  get kernelMu(): tf.LayerVariable {
    return this.variable('kernel_mu')
  }

  /** The kernel's rho; its standard deviations are softplus(rho). */
  get kernelRho(): tf.LayerVariable {
    return this.variable('kernel_rho')
  }

  /** Means of the bias; undefined without a bias. */
  get biasMu(): tf.LayerVariable | undefined {
    return this.useBias ? this.variable('bias_mu') : undefined
  }

  /** The bias's rho; undefined without a bias. */
  get biasRho(): tf.LayerVariable | undefined {
    return this.useBias ? this.variable('bias_rho') : undefined
  }

  /**
   * The posterior as it is now. Its mu is the variable, its sigma a new tensor that the caller owns: call it within tf.tidy.
   *
   * @throws LayerNotBuiltError
   */
  posterior(): { readonly kernel: Normal; readonly bias?: Normal } {
    const normal = (weight: Weight): Normal =>
      new Normal({ mu: this.variable(`${weight}_mu`).read(), sigma: softplus(this.variable(`${weight}_rho`).read()) })
    return this.useBias ? { kernel: normal('kernel'), bias: normal('bias') } : { kernel: normal('kernel') }
  }

  override build(inputShape: tf.Shape | tf.Shape[]): void {
    const shape = this.onlyShape(inputShape)
    const { channelAxis } = this.operator
    const channels = shape.at(channelAxis)
    if (channels == null) {
      throw InvalidLayerArgumentError.of(
        this.name,
        'the input shape',
        shape,
        `axis ${channelAxis} known: the kernel's shape depends on it`,
      )
    }
    const { kernelInitializer, kernelConstraint, biasInitializer, biasConstraint } = twinParts(
      this.kind.twin,
      this.kind.kernelName,
    )
    this.addPosterior('kernel', this.operator.kernelShape(shape), kernelInitializer, kernelConstraint)
    if (this.useBias) this.addPosterior('bias', this.operator.biasShape(shape), biasInitializer, biasConstraint)
    this.addLoss(() => this.fitLoss())
    this.inputSpec = [{ ...this.inputSpec[0], axes: { [channelAxis]: channels } }]
    this.built = true
  }

  override computeOutputShape(inputShape: tf.Shape | tf.Shape[]): tf.Shape | tf.Shape[] {
    return this.kind.twin.computeOutputShape(inputShape)
  }

  override call(inputs: tf.Tensor | tf.Tensor[], kwargs: Kwargs): tf.Tensor {
    return tf.tidy(() => {
      this.invokeCallHook(inputs, kwargs)
      const pass = this.passOf(kwargs)
      pass.join(this)
      return this.activation.apply(this.preActivation(Array.isArray(inputs) ? inputs[0]! : inputs, pass))
    })
  }

  /** KL(posterior || prior) of all weights of this layer in a pass: a scalar in nats, which the caller owns. */
  kl(pass: ForwardPass): tf.Scalar {
    return tf.tidy(() => {
      const kernel = this.klOf('kernel', pass)
      return this.useBias ? kernel.add(this.klOf('bias', pass)) : kernel
    })
  }

  /** The kernel and bias of a pass: the means, or its draw. They belong to the layer or to the pass. */
  weightsIn(pass: ForwardPass): { readonly kernel: tf.Tensor; readonly bias?: tf.Tensor } {
    const weight = (which: Weight): tf.Tensor =>
      pass.mode === 'mean' ? this.variable(`${which}_mu`).read() : this.posteriorIn(pass, which).draw()
    return this.useBias ? { kernel: weight('kernel'), bias: weight('bias') } : { kernel: weight('kernel') }
  }

  /** Class name and config of the `tf.layers` layer that this one is at sigma = 0. */
  deterministicTwin(): { readonly className: string; readonly config: tf.serialization.ConfigDict } {
    const { twin, kernelName } = this.kind
    return { className: twin.getClassName(), config: { ...twinConfig(twin, kernelName), ...super.getConfig() } }
  }

  override getConfig(): tf.serialization.ConfigDict {
    return { ...this.deterministicTwin().config, ...serializeOptions(this) }
  }

  /**
   * Makes a layer from what getConfig gave; `tf.loadLayersModel` calls it.
   *
   * @throws UnsupportedFormatError where another version of the format wrote it
   */
  static override fromConfig<T extends tf.serialization.Serializable>(
    LayerClass: tf.serialization.SerializableConstructor<T>,
    config: tf.serialization.ConfigDict,
  ): T {
    return new LayerClass(argsOfConfig(config))
  }

  /** What tfjs says about wrong arguments does not name the layer. */
  private checked(kind: (layer: string) => LayerKind): LayerKind {
    try {
      return kind(this.name)
    } catch (error) {
      if (error instanceof InvalidLayerArgumentError) throw error
      throw new InvalidLayerArgumentError(this.name, error instanceof Error ? error.message : String(error), { cause: error })
    }
  }

  private preActivation(x: tf.Tensor, pass: ForwardPass): tf.Tensor {
    if (pass.mode === 'mean') {
      const { kernel, bias } = this.weightsIn(pass)
      return this.operator.apply(x, kernel, bias)
    }
    return estimators[this.estimator].preActivation({
      operator: this.operator,
      x,
      kernel: this.posteriorIn(pass, 'kernel'),
      ...(this.useBias ? { bias: this.posteriorIn(pass, 'bias') } : {}),
      noise: (slot, shape) => pass.noise(this, slot, shape),
    })
  }

  private posteriorIn(pass: ForwardPass, weight: Weight): WeightPosterior {
    const mu = this.variable(`${weight}_mu`).read()
    const sigma = pass.once(this, `${weight} sigma`, () => softplus(this.variable(`${weight}_rho`).read()))
    const noise = (): tf.Tensor => pass.sharedNoise(this, weight, mu.shape)
    const draw = (): tf.Tensor => pass.once(this, `${weight} draw`, () => new Normal({ mu, sigma }).sample(noise()))
    return { mu, sigma, noise, draw }
  }

  private klOf(weight: Weight, pass: ForwardPass): tf.Scalar {
    const { mu, sigma, draw } = this.posteriorIn(pass, weight)
    const posterior = new Normal({ mu, sigma })
    if (this.klMethod === 'monteCarlo' && pass.mode === 'sample') return monteCarloKl(posterior, this.prior, draw()).sum()
    if (hasClosedKl(posterior, this.prior)) return closedKl(posterior, this.prior).sum()
    throw new UnsupportedKlError(
      this.name,
      `KL(normal || ${this.prior.family}) has no closed form, and a pass in mode 'mean' draws no weights to estimate it on`,
      `Ask a pass in mode 'sample' for the KL.`,
    )
  }

  /** The pass of a call: the caller's, else the layer's own. */
  private passOf(kwargs: Kwargs): ForwardPass {
    const pass: unknown = kwargs['pass']
    if (pass instanceof ForwardPass) return pass
    if (pass !== undefined) {
      throw InvalidLayerArgumentError.of(this.name, 'pass', pass, 'a ForwardPass (made by the same copy of @tfjs-bayes/layers)')
    }
    if (!kwargs['training']) return this.inferenceMode === 'mean' ? new ForwardPass({ mode: 'mean' }) : this.ownDraw()
    // tfjs hands one kwargs object to all calls of a training step: it tells a shared layer's second call from the next step.
    if (this.trainingStep?.kwargs !== kwargs) this.trainingStep = { kwargs, pass: this.ownDraw() }
    return this.trainingStep.pass
  }

  private ownDraw(): ForwardPass {
    return new ForwardPass({ mode: 'sample', noise: seededNoise(this.seed, this.callCount++) })
  }

  /** KL / N of the training step just run. tfjs asks once for each place of the layer in the model; only the first answer counts. */
  private fitLoss(): tf.Scalar {
    const step = this.trainingStep
    this.trainingStep = undefined
    if (step === undefined) return tf.scalar(0)
    const { datasetSize } = this
    if (datasetSize === undefined) throw new MissingDatasetSizeError(this.name)
    return tf.tidy(() => this.kl(step.pass).div(datasetSize))
  }

  private addPosterior(weight: Weight, shape: number[], initializer: Initializer, constraint: Constraint | null): void {
    const rho = tf.initializers.constant({ value: inverseSoftplus(this.initialSigma) })
    const add = (name: string, start: Initializer, restriction?: Constraint): void => {
      this.variables.set(name, this.addWeight(name, shape, 'float32', start, undefined, true, restriction))
    }
    add(`${weight}_mu`, initializer, constraint ?? undefined)
    add(`${weight}_rho`, rho)
  }

  private variable(name: string): tf.LayerVariable {
    const variable = this.variables.get(name)
    if (variable === undefined) throw new LayerNotBuiltError(this.name)
    return variable
  }

  private onlyShape(inputShape: tf.Shape | tf.Shape[]): tf.Shape {
    if (!Array.isArray(inputShape[0])) return inputShape as tf.Shape
    if (inputShape.length === 1) return inputShape[0]
    throw InvalidLayerArgumentError.of(this.name, 'the number of inputs', inputShape.length, 'one')
  }
}

type Weight = 'kernel' | 'bias'
