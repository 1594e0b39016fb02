import { readFile } from 'node:fs/promises'
import { FileAccessError, ForeignModelError } from './errors.ts'
import { createNodeEngine, importRuntime, type NodeProvider } from './predictor/nodeEngine.ts'
import type { Predictions } from './predictor/prediction.ts'
import { Predictor } from './predictor/predictor.ts'
import { readSignature } from './predictor/signature.ts'

export { exportModelToFile } from './exportModelToFile.ts'
export type { Rows } from './predictor/inputs.ts'
export type { NodeProvider } from './predictor/nodeEngine.ts'
export type { CategoricalPrediction, GaussianPrediction, Predictions } from './predictor/prediction.ts'
export type { PredictOptions } from './predictor/predictor.ts'
export { Predictor } from './predictor/predictor.ts'

/** How a model is loaded. */
export interface LoadOptions<Name extends keyof Predictions = 'categorical'> {
  /** What the predictor is to answer with; the file must have been exported for it. Default 'categorical'. */
  readonly likelihood?: Name
  /** Execution providers in the order of preference. Default ['cuda', 'cpu']; `predictor.provider` and `predictor.message` say which it became. */
  readonly providers?: readonly NodeProvider[]
}

/**
 * Loads a file that `exportModel` wrote, to run it with onnxruntime-node.
 *
 * @param source path or URL of the file, or its bytes
 * @param options likelihood and providers
 * @returns a predictor; dispose it when done
 * @throws FileAccessError, CorruptModelError, ForeignModelError for the file; RuntimeUnavailableError without onnxruntime-node
 */
export async function loadPredictor<Name extends keyof Predictions = 'categorical'>(
  source: string | URL | Uint8Array,
  options: LoadOptions<Name> = {},
): Promise<Predictor<Name>> {
  const { likelihood = 'categorical' as Name, providers = ['cuda', 'cpu'] } = options
  const bytes = source instanceof Uint8Array ? source : await readBytes(source)
  const signature = readSignature(bytes)
  const actual = signature.metadata.likelihood.name
  if (actual !== likelihood) {
    throw new ForeignModelError(
      `The file was exported with a ${actual} likelihood, and a ${likelihood} one is asked for. Load it with { likelihood: '${actual}' }.`,
    )
  }
  const engine = await createNodeEngine(await importRuntime(), bytes, providers)
  return new Predictor(likelihood, engine, signature)
}

async function readBytes(path: string | URL): Promise<Uint8Array> {
  try {
    return await readFile(path)
  } catch (error) {
    throw new FileAccessError(
      `The ONNX file ${path} cannot be read: ${(error as Error).message}. Check the path, or export the model first.`,
    )
  }
}
