import { type NodeProvider, nodeRuntime } from './predictor/nodeRuntime.ts'
import type { Predictions } from './predictor/prediction.ts'
import type { Predictor } from './predictor/predictor.ts'
import { type LoadOptions, predictorOf } from './predictor/predictorOf.ts'
import { readModelBytes } from './readModelBytes.ts'

export { exportModelToFile } from './exportModelToFile.ts'
export type { Rows } from './predictor/inputs.ts'
export type { NodeProvider } from './predictor/nodeRuntime.ts'
export type { CategoricalPrediction, GaussianPrediction, Predictions } from './predictor/prediction.ts'
export type { PredictOptions } from './predictor/predictor.ts'
export { Predictor } from './predictor/predictor.ts'
export type { LoadOptions } from './predictor/predictorOf.ts'
export type { TritonOptions } from './tritonRepository.ts'
export { tritonConfig, tritonRepository } from './tritonRepository.ts'

/**
 * Loads a file that `exportModel` wrote, to run it with onnxruntime-node.
 *
 * @param source path or URL of the file, or its bytes
 * @param options likelihood (default 'categorical') and providers (default ['cuda', 'cpu'])
 * @returns a predictor; dispose it when done
 * @throws FileAccessError, CorruptModelError, ForeignModelError for the file; RuntimeUnavailableError without onnxruntime-node
 */
export async function loadPredictor<Name extends keyof Predictions = 'categorical'>(
  source: string | URL | Uint8Array,
  options: LoadOptions<NodeProvider, Name> = {},
): Promise<Predictor<Name>> {
  const { likelihood = 'categorical' as Name, providers = ['cuda', 'cpu'] } = options
  const bytes = source instanceof Uint8Array ? source : await readModelBytes(source)
  return predictorOf(bytes, likelihood, nodeRuntime, providers)
}
