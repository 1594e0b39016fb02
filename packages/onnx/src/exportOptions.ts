import { DRAW_METHODS, type DrawMethod } from './draws/standardDraws.ts'
import { InvalidOptionError } from './errors.ts'
import { checkGraphOptions, type GraphOptions } from './graphOptions.ts'
import { checkLikelihood, type Likelihood } from './predictive/likelihood.ts'
import { checkOutputs, type OutputName } from './predictive/outputs.ts'

/** What becomes of the randomness of the Bayesian layers. */
export type ModeOptions =
  /** The posterior's means for weights: one pass, no randomness, no epistemic uncertainty. */
  | { readonly mode: 'mean' }
  /** Draws of the pre-activations (local reparameterization), with noise that the caller feeds: the same answer on every engine. */
  | {
      readonly mode: 'localReparameterization'
      readonly noise: 'input'
      /** Draws, an integer >= 1. Default: as many as the noise has when the graph runs. */
      readonly samples?: number
    }
  /**
   * Draws of the pre-activations, with noise drawn inside the graph: new at each run. onnxruntime gives the sessions of a process the same noise, one after the
   * other from its start, and another process other noise.
   */
  | {
      readonly mode: 'localReparameterization'
      readonly noise: 'graph'
      /** Draws, an integer >= 1, or 'input': the graph's int64 input `samples` tells it. Default 'input'. */
      readonly samples?: number | 'input'
      /** Which noise, an integer: each session of an engine begins with the same, in every process. Default: the engine's choice. */
      readonly seed?: number
    }
  /**
   * Draws of the pre-activations with noise stored in the file, S draws per unit shared by all rows: deterministic, the same on every engine, and
   * without the cost of random numbers. Each row's predictive is a valid Monte-Carlo estimate; rows share their luck.
   */
  | {
      readonly mode: 'localReparameterization'
      readonly noise: 'baked'
      /** Draws, an integer >= 1. Default 24. */
      readonly samples?: number
      /** How a unit's draws hang together. Default 'stratified', which needs the fewest draws. */
      readonly draws?: DrawMethod
      /** Which draws, an integer. Default 0. */
      readonly seed?: number
    }
  /**
   * Draws of the weights, stored in the file: each draw is one function, the same for all rows. The file holds every weight once per draw.
   */
  | {
      readonly mode: 'weightSampling'
      /** Draws, an integer >= 1. Default 16. */
      readonly samples?: number
      /** How a weight's draws hang together. Default 'stratified'. */
      readonly draws?: DrawMethod
      /** Which draws, an integer. Default 0. */
      readonly seed?: number
    }
  /**
   * No draws: means and variances of all elements, taken for normal and independent, go through the network in one pass. Exact moments for linear layers, ReLU
   * and its leaky kin, averages and pairs of maxima; other activations by quadrature; softmax at the end by 32 stored draws of the logits.
   */
  | { readonly mode: 'moments' }

/** How a model is exported. */
export type ExportOptions = ModeOptions &
  GraphOptions & {
    /** What the model's outputs mean. Default categorical. */
    readonly likelihood?: Likelihood
    /**
     * What the file answers with. For classes: probabilities, entropy, expectedEntropy, mutualInformation, variance (of the draws' probabilities, by class),
     * samples (the draws' probabilities themselves); for numbers: mean, aleatoricVariance, epistemicVariance, quantiles, samples. Default: all but variance,
     * quantiles and samples, as far as the mode has them.
     */
    readonly outputs?: readonly OutputName[]
    /** Which quantiles of the predictive distribution, where `outputs` names them: numbers between 0 and 1. Default [0.025, 0.5, 0.975]. */
    readonly quantiles?: readonly number[]
  }

/**
 * Checks options before any work; callers without types can get anything wrong.
 *
 * @throws InvalidOptionError naming the option
 */
export function checkExportOptions(options: ExportOptions): void {
  const { mode, likelihood, outputs, quantiles } = options
  switch (mode) {
    case 'mean':
    case 'moments':
      break
    case 'localReparameterization': {
      const { noise, samples } = options
      if (noise !== 'input' && noise !== 'graph' && noise !== 'baked') {
        throw new InvalidOptionError(
          `The noise is ${JSON.stringify(noise)}. Expected 'input' (tensors that the caller feeds), 'graph' (drawn inside the graph) or 'baked' (stored in the file).`,
        )
      }
      if (noise !== 'graph' || samples !== 'input')
        checkSamples(samples, { graph: ` or 'input'`, input: ', or nothing: the noise tells it', baked: '' }[noise])
      if (noise !== 'input') checkDraws(options)
      break
    }
    case 'weightSampling':
      checkSamples(options.samples, '')
      checkDraws(options)
      break
    default:
      throw new InvalidOptionError(
        `The mode is ${JSON.stringify(mode)}. Expected 'mean', 'localReparameterization', 'weightSampling' or 'moments'.`,
      )
  }
  checkGraphOptions(options)
  if (options.precision === 'float16' && mode === 'moments') {
    throw new InvalidOptionError(
      "Mode 'moments' needs precision: 'float32': small variances would be lost on their way through the network.",
    )
  }
  if (likelihood != null) checkLikelihood(likelihood)
  checkOutputs(likelihood ?? { name: 'categorical' }, outputs, quantiles)
}

function checkSamples(samples: unknown, orElse: string): void {
  if (samples == null || (Number.isInteger(samples) && (samples as number) >= 1)) return
  throw new InvalidOptionError(`samples is ${JSON.stringify(samples)}. Expected an integer >= 1${orElse}.`)
}

function checkDraws({ draws, seed }: { readonly draws?: DrawMethod; readonly seed?: number }): void {
  if (draws != null && !DRAW_METHODS.includes(draws)) {
    throw new InvalidOptionError(`draws is ${JSON.stringify(draws)}. Expected one of ${DRAW_METHODS.join(', ')}.`)
  }
  if (seed != null && !Number.isSafeInteger(seed)) throw new InvalidOptionError(`seed is ${seed}. Expected an integer.`)
}
