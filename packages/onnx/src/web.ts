import { FileAccessError } from './errors.ts'
import type { OutputName, PredictionName } from './predictive/outputs.ts'
import { type LoadedModel, loadedModelOf } from './predictor/loadedModel.ts'
import type { UsualOutputs } from './predictor/prediction.ts'
import type { Predictor } from './predictor/predictor.ts'
import { type LoadOptions, predictorOf } from './predictor/predictorOf.ts'
import { type WebProvider, webRuntime } from './predictor/webRuntime.ts'

export type { OutputName, PredictionName } from './predictive/outputs.ts'
export type { OutputTensor } from './predictor/engine.ts'
export type { Rows } from './predictor/inputs.ts'
export { LoadedModel } from './predictor/loadedModel.ts'
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
export type { WebProvider } from './predictor/webRuntime.ts'

/**
 * Loads a file that `exportModel` wrote, to run it with onnxruntime-web: in browsers, and wherever onnxruntime-node has no binary.
 *
 * @param source URL of the file, or its bytes
 * @param options likelihood (default 'categorical'), outputs that are counted on, and providers (default ['webgpu', 'wasm'])
 * @returns a predictor; dispose it when done
 * @throws FileAccessError, CorruptModelError, ForeignModelError for the file; RuntimeUnavailableError without onnxruntime-web
 */
export async function loadPredictor<
  Name extends PredictionName = 'categorical',
  Output extends OutputName<Name> = UsualOutputs[Name] & OutputName<Name>,
>(source: string | URL | Uint8Array, options: LoadOptions<WebProvider, Name, Output> = {}): Promise<Predictor<Name, Output>> {
  const { likelihood = 'categorical' as Name, outputs, providers = PROVIDERS } = options
  const bytes = source instanceof Uint8Array ? source : await fetchBytes(source)
  return predictorOf(bytes, { likelihood, outputs, providers }, webRuntime)
}

/**
 * Loads a file that `exportLayersModel` wrote, to run it with onnxruntime-web.
 *
 * @param source URL of the file, or its bytes
 * @param options providers (default ['webgpu', 'wasm'])
 * @returns the model; dispose it when done
 * @throws FileAccessError, CorruptModelError, ForeignModelError for the file; RuntimeUnavailableError without onnxruntime-web
 */
export async function loadModel(
  source: string | URL | Uint8Array,
  options: { readonly providers?: readonly WebProvider[] } = {},
): Promise<LoadedModel> {
  const { providers = PROVIDERS } = options
  return loadedModelOf(source instanceof Uint8Array ? source : await fetchBytes(source), providers, webRuntime)
}

const PROVIDERS: readonly WebProvider[] = ['webgpu', 'wasm']

async function fetchBytes(url: string | URL): Promise<Uint8Array> {
  let problem: string
  try {
    const response = await fetch(url)
    if (response.ok) return new Uint8Array(await response.arrayBuffer())
    problem = `the server answers ${response.status}`
  } catch (error) {
    problem = (error as Error).message
  }
  throw new FileAccessError(`The ONNX file ${url} cannot be fetched: ${problem}. Check the address, or give the file's bytes.`)
}
