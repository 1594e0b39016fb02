import { InvalidOptionError } from './errors.ts'
import { pathWithData } from './pathWithData.ts'
import type { OutputName, PredictionName } from './predictive/outputs.ts'
import { type LoadedModel, loadedModelOf } from './predictor/loadedModel.ts'
import { type NodeProvider, nodeRuntime } from './predictor/nodeRuntime.ts'
import type { SessionSettings } from './predictor/ortEngine.ts'
import type { UsualOutputs } from './predictor/prediction.ts'
import type { Predictor } from './predictor/predictor.ts'
import { type LoadOptions, predictorOf } from './predictor/predictorOf.ts'
import { readModelBytes } from './readModelBytes.ts'

export { exportLayersModelToFile } from './exportLayersModelToFile.ts'
export { exportModelToFile } from './exportModelToFile.ts'
export type { FileOptions } from './modelFile.ts'
export type { OutputName, PredictionName } from './predictive/outputs.ts'
export type { OutputTensor } from './predictor/engine.ts'
export type { Rows } from './predictor/inputs.ts'
export { LoadedModel } from './predictor/loadedModel.ts'
export type { NodeProvider } from './predictor/nodeRuntime.ts'
export type {
  CategoricalOutputs,
  CategoricalPrediction,
  GaussianOutputs,
  GaussianPrediction,
  Prediction,
  Predictions,
} from './predictor/prediction.ts'
export type { PredictOptions, PredictProgress } from './predictor/predictor.ts'
export { Predictor } from './predictor/predictor.ts'
export type { LoadOptions } from './predictor/predictorOf.ts'
export type { DeclaredTensor } from './predictor/signature.ts'
export type { TritonOptions } from './tritonRepository.ts'
export { tritonConfig, tritonRepository } from './tritonRepository.ts'

/** How a model is loaded on Node. */
export type NodeLoadOptions<
  Name extends PredictionName = 'categorical',
  Output extends OutputName<Name> = UsualOutputs[Name] & OutputName<Name>,
> = LoadOptions<NodeProvider, Name, Output> & SessionOptions

/** On what a model runs on Node. */
export interface SessionOptions {
  /** Execution providers in the order of preference. Default ['cuda', 'cpu']. */
  readonly providers?: readonly NodeProvider[]
  /** Threads that a graph runs on, an integer >= 1. Default: onnxruntime's own choice, one for each physical core that it sees. */
  readonly threads?: number
}

/**
 * Loads a file that `exportModel` wrote, to run it with onnxruntime-node.
 *
 * @param source path or URL of the file, or its bytes; a file with external data is loaded by its path, with its second file beside it
 * @param options likelihood (default 'categorical'), outputs that are counted on, providers (default ['cuda', 'cpu']) and threads
 * @returns a predictor; dispose it when done
 * @throws FileAccessError, CorruptModelError, ForeignModelError for the file; RuntimeUnavailableError without onnxruntime-node
 */
export async function loadPredictor<
  Name extends PredictionName = 'categorical',
  Output extends OutputName<Name> = UsualOutputs[Name] & OutputName<Name>,
>(source: string | URL | Uint8Array, options: NodeLoadOptions<Name, Output> = {}): Promise<Predictor<Name, Output>> {
  const { likelihood = 'categorical' as Name, outputs, providers = PROVIDERS, threads } = options
  const settings = settingsOf(threads)
  return predictorOf(await bytesOf(source), { likelihood, outputs, providers }, nodeRuntime, settings, locator(source))
}

/**
 * Loads a file that `exportLayersModel` wrote, to run it with onnxruntime-node.
 *
 * @param source path or URL of the file, or its bytes; a file with external data is loaded by its path, with its second file beside it
 * @param options providers (default ['cuda', 'cpu']) and threads
 * @returns the model; dispose it when done
 * @throws FileAccessError, CorruptModelError, ForeignModelError for the file; RuntimeUnavailableError without onnxruntime-node
 */
export async function loadModel(source: string | URL | Uint8Array, options: SessionOptions = {}): Promise<LoadedModel> {
  const { providers = PROVIDERS, threads } = options
  const settings = settingsOf(threads)
  return loadedModelOf(await bytesOf(source), providers, nodeRuntime, settings, locator(source))
}

const PROVIDERS: readonly NodeProvider[] = ['cuda', 'cpu']

function settingsOf(threads: number | undefined): SessionSettings {
  if (threads == null) return {}
  if (!(Number.isInteger(threads) && threads >= 1))
    throw new InvalidOptionError(`threads is ${threads}; expected an integer >= 1, or nothing for onnxruntime's own choice.`)
  return { intraOpNumThreads: threads }
}

async function bytesOf(source: string | URL | Uint8Array): Promise<Uint8Array> {
  return source instanceof Uint8Array ? source : readModelBytes(source)
}

function locator(source: string | URL | Uint8Array): ((dataFiles: readonly string[]) => Promise<string>) | undefined {
  return source instanceof Uint8Array ? undefined : (dataFiles) => pathWithData(source, dataFiles)
}
