import { FileAccessError } from './errors.ts'
import type { Predictions } from './predictor/prediction.ts'
import type { Predictor } from './predictor/predictor.ts'
import { type LoadOptions, predictorOf } from './predictor/predictorOf.ts'
import { type WebProvider, webRuntime } from './predictor/webRuntime.ts'

export type { Rows } from './predictor/inputs.ts'
export type { CategoricalPrediction, GaussianPrediction, Predictions } from './predictor/prediction.ts'
export type { PredictOptions } from './predictor/predictor.ts'
export { Predictor } from './predictor/predictor.ts'
export type { LoadOptions } from './predictor/predictorOf.ts'
export type { WebProvider } from './predictor/webRuntime.ts'

/**
 * Loads a file that `exportModel` wrote, to run it with onnxruntime-web: in browsers, and wherever onnxruntime-node has no binary.
 *
 * @param source URL of the file, or its bytes
 * @param options likelihood (default 'categorical') and providers (default ['webgpu', 'wasm'])
 * @returns a predictor; dispose it when done
 * @throws FileAccessError, CorruptModelError, ForeignModelError for the file; RuntimeUnavailableError without onnxruntime-web
 */
export async function loadPredictor<Name extends keyof Predictions = 'categorical'>(
  source: string | URL | Uint8Array,
  options: LoadOptions<WebProvider, Name> = {},
): Promise<Predictor<Name>> {
  const { likelihood = 'categorical' as Name, providers = ['webgpu', 'wasm'] } = options
  const bytes = source instanceof Uint8Array ? source : await fetchBytes(source)
  return predictorOf(bytes, likelihood, webRuntime, providers)
}

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
