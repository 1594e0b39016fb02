import { InvalidOptionError } from './errors.ts'
import { pathWithData } from './pathWithData.ts'
import type { OutputName, PredictionName } from './predictive/outputs.ts'
import { type NodeProvider, nodeRuntime } from './predictor/nodeRuntime.ts'
import type { UsualOutputs } from './predictor/prediction.ts'
import type { Predictor } from './predictor/predictor.ts'
import { type LoadOptions, predictorOf } from './predictor/predictorOf.ts'
import { readModelBytes } from './readModelBytes.ts'

export { exportLayersModelToFile } from './exportLayersModelToFile.ts'
export { exportModelToFile } from './exportModelToFile.ts'
export type { FileOptions } from './modelFile.ts'
export type { OutputName, PredictionName } from './predictive/outputs.ts'
export type { Rows } from './predictor/inputs.ts'
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
export type { TritonOptions } from './tritonRepository.ts'
export { tritonConfig, tritonRepository } from './tritonRepository.ts'

/** How a model is loaded on Node. */
export type NodeLoadOptions<
  Name extends PredictionName = 'categorical',
  Output extends OutputName<Name> = UsualOutputs[Name] & OutputName<Name>,
> = LoadOptions<NodeProvider, Name, Output> & {
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
  const { likelihood = 'categorical' as Name, outputs, providers = ['cuda', 'cpu'], threads } = options
  if (threads != null && !(Number.isInteger(threads) && threads >= 1))
    throw new InvalidOptionError(`threads is ${threads}; expected an integer >= 1, or nothing for onnxruntime's own choice.`)
  const bytes = source instanceof Uint8Array ? source : await readModelBytes(source)
  return predictorOf(
    bytes,
    { likelihood, outputs, providers },
    nodeRuntime,
    threads == null ? {} : { intraOpNumThreads: threads },
    source instanceof Uint8Array ? undefined : (dataFiles) => pathWithData(source, dataFiles),
  )
}
