import type * as tf from '@tensorflow/tfjs'
import { VariationalLayer } from '@tfjs-bayes/layers'
import { InvalidModelError, InvalidOptionError } from './errors.ts'
import { checkExportOptions, type ExportOptions } from './exportOptions.ts'
import { finishModel } from './finishModel.ts'
import { declareInputs } from './graphInputs.ts'
import type { OnnxModel, Port } from './ir/graph.ts'
import { Tape } from './ir/tape.ts'
import { checkLayers } from './lower/checkLayers.ts'
import { withoutFinalSoftmax } from './lower/finalSoftmax.ts'
import { lowerModel } from './lower/lowerModel.ts'
import { activationsBehindPooling } from './lower/moments/activationsBehindPooling.ts'
import { BakedNoise, DrawnNoise, type GraphNoise, InputNoise } from './lower/noise.ts'
import { localReparameterization } from './lower/posterior/localReparameterization.ts'
import { mean } from './lower/posterior/mean.ts'
import { moments } from './lower/posterior/moments.ts'
import type { PosteriorLowering } from './lower/posterior/posteriorLowering.ts'
import { weightSampling } from './lower/posterior/weightSampling.ts'
import { SamplesAxis } from './lower/samplesAxis.ts'
import type { Signal } from './lower/signal.ts'
import { type ModelMetadata, writeMetadata } from './metadata.ts'
import { type ModelPlan, planModel } from './plan/modelPlan.ts'
import { categoricalHead } from './predictive/categoricalHead.ts'
import { gaussianHead, unitsOf } from './predictive/gaussianHead.ts'
import type { Likelihood } from './predictive/likelihood.ts'
import { chosenPorts, DEFAULT_QUANTILES } from './predictive/outputs.ts'

/**
 * Makes the ONNX graph of a model; `exportModel` writes it as bytes.
 *
 * @param model a built model with one output
 * @param options what becomes of the randomness, and what the output means
 * @returns the checked graph; its initializers may share memory with the model's weights, so use it before they change
 * @throws as `exportModel`
 */
export function buildModel(model: tf.LayersModel, options: ExportOptions): OnnxModel {
  checkExportOptions(options)
  const { opset = 17, cuda = 'required', precision = 'float32', likelihood = { name: 'categorical' } } = options
  const wholePlan = planModel(model)
  checkModel(wholePlan, options)
  const givenPlan = likelihood.name === 'categorical' ? withoutFinalSoftmax(wholePlan) : wholePlan
  checkLayers(givenPlan, options.mode === 'moments')
  const plan = options.mode === 'moments' ? activationsBehindPooling(givenPlan) : givenPlan
  const tape = new Tape(opset)
  const inputs = declareInputs(tape, plan)
  const { samplesAxis, posterior, samples } = lowerRandomness(tape, options)
  const context = { tape, samplesAxis, posterior, needsCuda: cuda === 'required' }
  const lowered = tape.inPrecisionOf(precision, () => {
    const [output] = lowerModel(plan, inputs, context)
    return samplesAxis.unfolded(output!)
  })
  const signal = { ...lowered, value: tape.cast(lowered.value) }
  const { outputs, quantiles = DEFAULT_QUANTILES } = options
  const ports = chosenPorts(lowerLikelihood(tape, signal, likelihood, quantiles), likelihood, outputs, options.mode)
  const metadata: ModelMetadata = {
    mode: options.mode,
    noise: options.mode === 'localReparameterization' ? options.noise : 'none',
    samples,
    likelihood,
    units: unitsOf(likelihood, signal.value.shape.at(-1)!),
    ...(outputs?.includes('quantiles') ? { quantiles } : {}),
  }
  return finishModel(tape, plan.name, ports, writeMetadata(metadata), options)
}

function checkModel(plan: ModelPlan, options: ExportOptions): void {
  if (plan.outputs.length !== 1) {
    throw new InvalidModelError(
      `The model has ${plan.outputs.length} outputs; expected one, on which the likelihood is put. Export a model for each.`,
    )
  }
  const { shape } = plan.outputs[0]!
  const units = shape.at(-1)
  if (shape.length < 2 || units == null) {
    throw new InvalidModelError(
      `The model's output has the shape [${shape.join(', ')}]; expected at least two axes, the last of known size.`,
    )
  }
  if ((options.likelihood?.name ?? 'categorical') === 'categorical' && units < 2) {
    throw new InvalidOptionError(
      `A categorical likelihood needs 2 classes or more; the model's output has the shape [${shape.join(', ')}]. For a regression give likelihood: { name: 'gaussian', sigma }.`,
    )
  }
  if (options.likelihood?.name === 'heteroscedasticGaussian' && units % 2 !== 0) {
    throw new InvalidOptionError(
      `A heteroscedastic Gaussian takes two outputs for each number, a mean and what softplus makes the standard deviation of; the model's output has the shape [${shape.join(', ')}].`,
    )
  }
  if (options.mode !== 'mean' && !plan.calls.some(({ layer }) => layer instanceof VariationalLayer)) {
    throw new InvalidOptionError(
      `Mode '${options.mode}' draws from the posterior of Bayesian layers, and the model has none. Export it with mode: 'mean', or as it is: exportLayersModel, on the command line --mode layers.`,
    )
  }
}

const DEFAULT_BAKED_SAMPLES = 24
const DEFAULT_WEIGHT_SAMPLES = 16

interface LoweredRandomness {
  readonly samplesAxis: SamplesAxis
  readonly posterior: PosteriorLowering
  readonly samples: ModelMetadata['samples']
}

function lowerRandomness(tape: Tape, options: ExportOptions): LoweredRandomness {
  if (options.mode === 'mean' || options.mode === 'moments') {
    return { samplesAxis: new SamplesAxis(tape, () => 1), posterior: options.mode === 'mean' ? mean : moments, samples: 1 }
  }
  if (options.mode === 'weightSampling') {
    const { samples = DEFAULT_WEIGHT_SAMPLES, draws = 'stratified', seed = 0 } = options
    return {
      samplesAxis: new SamplesAxis(tape, () => samples),
      posterior: weightSampling({ samples, method: draws, seed }),
      samples,
    }
  }
  let noise: GraphNoise
  const samplesAxis = new SamplesAxis(tape, () => noise.samples)
  if (options.noise === 'input') {
    noise = new InputNoise(tape, options.samples)
    return { samplesAxis, posterior: (call) => localReparameterization(call, noise), samples: options.samples ?? 'noise' }
  }
  if (options.noise === 'baked') {
    const { samples = DEFAULT_BAKED_SAMPLES, draws = 'stratified', seed = 0 } = options
    noise = new BakedNoise(tape, samples, draws, seed)
    return { samplesAxis, posterior: (call) => localReparameterization(call, noise), samples }
  }
  const { samples = 'input', seed } = options
  noise = new DrawnNoise(tape, samplesAxis, samples === 'input' ? tape.input('samples', 'int64', [1]) : samples, seed)
  return { samplesAxis, posterior: (call) => localReparameterization(call, noise), samples }
}

function lowerLikelihood(tape: Tape, signal: Signal, likelihood: Likelihood, quantiles: readonly number[]): readonly Port[] {
  return likelihood.name === 'categorical' ? categoricalHead(tape, signal) : gaussianHead(tape, signal, likelihood, quantiles)
}
