import * as tf from '@tensorflow/tfjs'
import { type Distribution, Normal } from '@tfjs-bayes/distributions'
import { InvalidLayerArgumentError, LayerNotBuiltError, MissingDatasetSizeError, UnsupportedEstimatorError } from '../errors.ts'
import { type EstimatorName, estimators } from '../estimators/estimators.ts'
import { ForwardPass, type Mode, type PassParticipant } from '../forwardPass.ts'
import { type KlMethod, summedWeightKl } from '../kl/klMethods.ts'
import { seededNoise } from '../noise/seededNoise.ts'
import type { LinearOperator, Operator } from '../operators/linearOperator.ts'
import { moved, stretched } from '../prior/priorParameters.ts'
import { checkedVariable } from './checkedVariable.ts'
import { RhoRange, startOfRho } from './rhoRange.ts'
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
import { type BiasKind, type EstimatorOptions, resolveOptions, type VariationalOptions } from './variationalOptions.ts'
import { posteriorIn, posteriorOf, type VariationalWeight } from './variationalWeight.ts'

/** A linear operator with the kernel that it is applied with. */
interface Stage {
  readonly operator: LinearOperator
  /** The kernel's name among the layer's weights. */
  readonly weight: string
  /** What the twin calls the kernel in the names of its arguments. */
  readonly kernelName: string
}

/** What a kind of variational layer adds to the base class. */
export interface LayerKind {
  readonly operator: Operator
  /** The operators in the order in which they are applied; the last one adds the bias. */
  readonly stages: readonly Stage[]
  /** The `tf.layers` layer that this one is at sigma = 0: it checks arguments, resolves names, knows shapes and config. It never gets weights. */
  readonly twin: tf.layers.Layer
}

/** The kind of a layer with one kernel. */
export function oneKernel(operator: LinearOperator, twin: tf.layers.Layer, kernelName = 'kernel'): LayerKind {
  return { operator, stages: [{ operator, weight: 'kernel', kernelName }], twin }
}

/**
 * A layer whose weights have a distribution: operator x estimator x posterior x prior, as a `tf.layers.Layer`.
 *
 * The posterior is mean-field Gaussian, N(mu, sigma^2) with sigma = softplus(rho); mu and rho are the variables. Which weights a call uses is an
 * argument of the call, `model.apply(x, {pass})` with a {@link ForwardPass}. Without one, training draws (from seed and call counter) and inference
 * follows `inferenceMode`; `model.fit` adds KL / datasetSize to its loss.
 */
export abstract class VariationalLayer extends tf.layers.Layer implements PassParticipant {
  readonly operator: Operator
  readonly estimator: EstimatorName
  readonly klMethod: KlMethod
  /** The prior as it was given; {@link priorOf} has what was learned of it. */
  readonly prior: Distribution
  readonly trainablePrior: boolean
  readonly centredPrior: boolean
  readonly bias: BiasKind
  readonly initialSigma: number
  readonly datasetSize: number | undefined
  readonly seed: number
  readonly inferenceMode: Mode
  readonly activation: Activation
  readonly useBias: boolean
  private readonly kind: LayerKind
  private readonly variables: VariationalWeight[] = []
  private logScale: tf.LayerVariable | undefined
  private callCount = 0
  private trainingStep: { readonly kwargs: object; readonly pass: ForwardPass } | undefined

  protected constructor(args: LayerArgs & VariationalOptions & EstimatorOptions, kind: (layer: string) => LayerKind) {
    super(args)
    const options = resolveOptions(this.name, args)
    this.estimator = options.estimator
    this.klMethod = options.klMethod
    this.prior = options.prior
    this.trainablePrior = options.trainablePrior
    this.centredPrior = options.centredPrior
    this.bias = options.bias
    this.initialSigma = options.initialSigma
    this.datasetSize = options.datasetSize
    this.seed = options.seed
    this.inferenceMode = options.inferenceMode
    this.kind = this.checked(() => kind(this.name))
    const { operator, stages, twin } = this.kind
    const obstacle = estimators[this.estimator].obstacle?.(operator)
    if (obstacle !== undefined) throw new UnsupportedEstimatorError(this.name, this.estimator, operator.name, obstacle)
    const { activation, useBias } = twinParts(twin, stages.at(-1)!.kernelName)
    this.operator = operator
    this.activation = activation
    this.useBias = useBias
    this.inputSpec = operator.inputRank === undefined ? twin.inputSpec : [{ ndim: operator.inputRank }]
    this.batchInputShape = twin.batchInputShape
    this.supportsMasking = twin.supportsMasking
  }

  /**
   * The weight tensors with their variables, in the order of the twin's weights.
   *
   * @throws LayerNotBuiltError
   */
  get weightTensors(): readonly VariationalWeight[] {
    if (!this.built) throw new LayerNotBuiltError(this.name)
    return this.variables
  }

  /** Means of the kernel. */
  get kernelMu(): tf.LayerVariable {
    return this.weightTensor('kernel')!.mu
  }

  /** The kernel's rho; its standard deviations are softplus(rho). */
  get kernelRho(): tf.LayerVariable {
    return this.weightTensor('kernel')!.rho!
  }

  /** Means of the bias, or its values where it is deterministic; undefined without a bias. */
  get biasMu(): tf.LayerVariable | undefined {
    return this.weightTensor('bias')?.mu
  }

  /** The bias's rho; undefined without a bias, and where it is deterministic. */
  get biasRho(): tf.LayerVariable | undefined {
    return this.weightTensor('bias')?.rho
  }

  /** The logarithm of the factor by which a trainable prior's scale has changed, a scalar; undefined with a fixed prior. */
  get priorLogScale(): tf.LayerVariable | undefined {
    if (!this.built) throw new LayerNotBuiltError(this.name)
    return this.logScale
  }

  /**
   * The posterior as it is now. Its mu is the variable, its sigma a new tensor that the caller owns: call it within tf.tidy. A deterministic bias has
   * sigma 0.
   *
   * @throws LayerNotBuiltError
   */
  posterior(): { readonly kernel: Normal; readonly bias?: Normal } {
    const bias = this.weightTensor('bias')
    const kernel = posteriorOf(this.weightTensor('kernel')!)
    return bias === undefined ? { kernel } : { kernel, bias: posteriorOf(bias) }
  }

  /**
   * The prior of a weight tensor as it is now: the given one, with the scale that was learned and the centre of each weight. Its tensors are new: call
   * it within tf.tidy.
   */
  priorOf({ priorMean }: VariationalWeight): Distribution {
    const prior = this.logScale === undefined ? this.prior : stretched(this.prior, this.logScale.read().exp())
    return priorMean === undefined ? prior : moved(prior, priorMean.read())
  }

  /**
   * Centres the prior on given weights, say those of a trained model.
   *
   * @param weights those of the `tf.layers` twin, in its order: one for each weight tensor with a prior; they stay the caller's
   * @throws InvalidLayerArgumentError where the layer has no centred prior, or the weights have other shapes
   */
  centrePrior(weights: readonly tf.Tensor[]): void {
    const means = this.weightTensors.flatMap(({ priorMean }) => (priorMean === undefined ? [] : [priorMean]))
    if (!this.centredPrior) {
      throw InvalidLayerArgumentError.of(this.name, 'centredPrior', false, 'true where weights are given to centre the prior on')
    }
    const expected = means.map(({ shape }) => shape)
    const given = weights.map(({ shape }) => shape)
    if (JSON.stringify(given) !== JSON.stringify(expected)) {
      throw InvalidLayerArgumentError.of(this.name, 'the shapes of the weights', given, JSON.stringify(expected))
    }
    for (const [i, mean] of means.entries()) mean.write(weights[i]!)
  }

  override build(inputShape: tf.Shape | tf.Shape[]): void {
    const shape = this.onlyShape(inputShape)
    const { channelAxis, takesIndices } = this.operator
    const channels = shape.at(channelAxis)
    if (channels == null && !takesIndices) {
      throw InvalidLayerArgumentError.of(
        this.name,
        'the input shape',
        shape,
        `axis ${channelAxis} known: the kernel's shape depends on it`,
      )
    }
    this.computeOutputShape(shape)
    this.addVariables(shape)
    this.addLoss(() => this.fitLoss())
    if (!takesIndices) this.inputSpec = [{ ...this.inputSpec[0], axes: { [channelAxis]: channels! } }]
    this.built = true
  }

  /**
   * Sets all weights of the layer, in the order of `weights`.
   *
   * @throws InvalidLayerArgumentError where their number or their shapes are others, as those of another architecture
   */
  override setWeights(weights: tf.Tensor[]): void {
    const shapes = (of: readonly { readonly shape: tf.Shape }[]): string => JSON.stringify(of.map(({ shape }) => shape))
    if (shapes(weights) !== shapes(this.weights)) {
      const expected = `${shapes(this.weights)}, those of ${this.weights.map(({ originalName }) => originalName.split('/').at(-1)).join(', ')}`
      throw InvalidLayerArgumentError.of(this.name, 'the list of shapes of the weights', JSON.parse(shapes(weights)), expected)
    }
    super.setWeights(weights)
  }

  override computeOutputShape(inputShape: tf.Shape | tf.Shape[]): tf.Shape | tf.Shape[] {
    const shape = this.onlyShape(inputShape)
    const output = this.checked(() => this.kind.twin.computeOutputShape(shape) as tf.Shape)
    // tfjs goes on with an axis of size 0 or less, until its backend fails without the layer's name.
    if (output.slice(1).some((size, i) => size != null && size < 1 && shape[i + 1] !== 0)) {
      const expected = `one of which the kernel leaves something: the output would be ${JSON.stringify(output)}`
      throw InvalidLayerArgumentError.of(this.name, 'the input shape', shape, expected)
    }
    return output
  }

  override call(inputs: tf.Tensor | tf.Tensor[], kwargs: Kwargs): tf.Tensor {
    return tf.tidy(() => {
      this.invokeCallHook(inputs, kwargs)
      const pass = this.passOf(kwargs)
      pass.join(this)
      return this.activation.apply(this.preActivation(this.numbersOf(Array.isArray(inputs) ? inputs[0]! : inputs), pass))
    })
  }

  /** KL(posterior || prior) of all weights of this layer in a pass: a scalar in nats, which the caller owns. */
  kl(pass: ForwardPass): tf.Scalar {
    return tf.tidy(() => {
      const uncertain = this.weightTensors.filter(({ rho }) => rho !== undefined)
      return tf.addN(uncertain.map((weight) => this.klOf(weight, pass))) as tf.Scalar
    })
  }

  /** The weights of a pass, in the order of the twin's: the means, or its draw. They belong to the layer or to the pass. */
  weightsIn(pass: ForwardPass): readonly tf.Tensor[] {
    return this.weightTensors.map((weight) => (pass.mode === 'mean' ? weight.mu.read() : posteriorIn(pass, this, weight).draw()))
  }

  /** Class name and config of the `tf.layers` layer that this one is at sigma = 0. */
  deterministicTwin(): { readonly className: string; readonly config: tf.serialization.ConfigDict } {
    const { twin } = this.kind
    return { className: twin.getClassName(), config: { ...twinConfig(twin), ...super.getConfig() } }
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
  private checked<Result>(run: () => Result): Result {
    try {
      return run()
    } catch (error) {
      if (error instanceof InvalidLayerArgumentError) throw error
      throw new InvalidLayerArgumentError(this.name, error instanceof Error ? error.message : String(error), { cause: error })
    }
  }

  /** Squares of integers overflow, and booleans have none. */
  private numbersOf(x: tf.Tensor): tf.Tensor {
    return this.operator.takesIndices || x.dtype === 'float32' ? x : x.toFloat()
  }

  private preActivation(x: tf.Tensor, pass: ForwardPass): tf.Tensor {
    const bias = this.weightTensor('bias')
    return this.kind.stages.reduce((y, { operator, weight }, i) => {
      const weights = [this.weightTensor(weight)!, ...(bias !== undefined && i === this.kind.stages.length - 1 ? [bias] : [])]
      if (pass.mode === 'mean') {
        const [kernelMu, biasMu] = weights.map(({ mu }) => mu.read())
        return operator.apply(y, kernelMu!, biasMu)
      }
      const [kernel, drawnBias] = weights.map((each) => posteriorIn(pass, this, each, this.priorBesideVariance(pass, each)))
      return estimators[this.estimator].preActivation({
        operator,
        x: y,
        kernel: kernel!,
        ...(drawnBias === undefined ? {} : { bias: drawnBias }),
        once: (slot, make) => pass.onceForInput(this, `${slot} at ${weight}`, y, make),
        noise: (slot, shape) => pass.noise(this, slot, shape),
        signs: (slot, shape) => pass.signs(this, slot, shape),
      })
    }, x)
  }

  private klOf(weight: VariationalWeight, pass: ForwardPass): tf.Tensor {
    const { mu, sigma, draw, kl } = posteriorIn(pass, this, weight, this.priorBesideVariance(pass, weight))
    if (kl !== undefined) return kl()
    const posterior = new Normal({ mu, sigma })
    const own = (): tf.Tensor => posterior.sample(pass.sharedNoise(this, `${weight.name} of the KL`, mu.shape))
    return summedWeightKl(this.klMethod, {
      posterior,
      prior: this.priorOf(weight),
      draw: pass.mode === 'mean' ? undefined : estimators[this.estimator].drawsWeights ? draw : own,
    })
  }

  /** The prior of a weight whose closed KL is computed beside the variance that the estimator takes; undefined where it is computed by itself. */
  private priorBesideVariance(pass: ForwardPass, weight: VariationalWeight): Normal | undefined {
    if (pass.mode === 'mean' || this.klMethod !== 'closed' || !estimators[this.estimator].takesVariance) return undefined
    const prior = this.priorOf(weight)
    return prior instanceof Normal ? prior : undefined
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

  private addVariables(inputShape: tf.Shape): void {
    const { stages, twin } = this.kind
    const starts = stages.map(({ operator, weight, kernelName }) => {
      const { kernelInitializer, kernelConstraint } = twinParts(twin, kernelName)
      return { name: weight, shape: operator.kernelShape(inputShape), start: kernelInitializer, constraint: kernelConstraint }
    })
    if (this.useBias) {
      const last = stages.at(-1)!
      const { biasInitializer, biasConstraint } = twinParts(twin, last.kernelName)
      const shape = last.operator.biasShape(inputShape)
      starts.push({ name: 'bias', shape, start: biasInitializer, constraint: biasConstraint })
    }
    const rhoStart = tf.initializers.constant({ value: startOfRho(this.initialSigma) })
    const posteriors = starts.map(({ name, shape, start, constraint }) => {
      const uncertain = name !== 'bias' || this.bias === 'bayesian'
      if (uncertain) this.requirePriorFits(name, shape)
      const mu = this.addVariable(`${name}_mu`, shape, start, { constraint })
      return {
        name,
        mu,
        rho: uncertain ? this.addVariable(`${name}_rho`, shape, rhoStart, { constraint: new RhoRange() }) : undefined,
      }
    })
    // What tfjs does not train stands last among a layer's weights.
    if (this.trainablePrior) this.logScale = this.addVariable('prior_log_scale', [], tf.initializers.zeros())
    for (const { name, mu, rho } of posteriors) {
      const priorMean =
        this.centredPrior && rho !== undefined
          ? this.addVariable(`${name}_prior_mean`, mu.shape as number[], tf.initializers.zeros(), { trainable: false })
          : undefined
      priorMean?.write(mu.read())
      this.variables.push({ name, mu, rho, priorMean })
    }
  }

  private addVariable(
    name: string,
    shape: number[],
    start: Initializer,
    { constraint, trainable = true }: { readonly constraint?: Constraint | null; readonly trainable?: boolean } = {},
  ): tf.LayerVariable {
    const variable = this.addWeight(name, shape, 'float32', start, undefined, trainable, constraint ?? undefined)
    return checkedVariable(variable, this.name, name)
  }

  /** Parameters of the prior that are tensors must not widen the weights: their KL would be summed too often. */
  private requirePriorFits(weight: string, shape: readonly number[]): void {
    const { batchShape } = this.prior
    const fits =
      batchShape.length <= shape.length &&
      batchShape.every((size, i) => size === 1 || size === shape[shape.length - batchShape.length + i])
    if (!fits) {
      const expected = `one that broadcasts to that of ${weight}, [${shape}]`
      throw InvalidLayerArgumentError.of(this.name, "the shape of the prior's parameters", batchShape, expected)
    }
  }

  private weightTensor(name: string): VariationalWeight | undefined {
    return this.weightTensors.find((weight) => weight.name === name)
  }

  private onlyShape(inputShape: tf.Shape | tf.Shape[]): tf.Shape {
    if (!Array.isArray(inputShape[0])) return inputShape as tf.Shape
    if (inputShape.length === 1) return inputShape[0]
    throw InvalidLayerArgumentError.of(this.name, 'the number of inputs', inputShape.length, 'one')
  }
}
