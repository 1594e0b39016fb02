import { ForeignModelError } from '../errors.ts'
import type { Predictions } from './prediction.ts'
import { Predictor } from './predictor.ts'
import { readSignature } from './signature.ts'
import { type RuntimePackage, startEngine } from './startEngine.ts'

/** How a model is loaded. */
export interface LoadOptions<Provider extends string, Name extends keyof Predictions = 'categorical'> {
  /** What the predictor is to answer with; the file must have been exported for it. Default 'categorical'. */
  readonly likelihood?: Name
  /** Execution providers in the order of preference; `predictor.provider` and `predictor.message` say which it became. */
  readonly providers?: readonly Provider[]
}

/**
 * Makes a predictor of a file's bytes.
 *
 * @param bytes a whole file
 * @param likelihood what the caller wants to be answered with
 * @param from gives the onnxruntime package; asked once the file is known to be good
 * @param providers in the order of preference
 * @throws CorruptModelError, ForeignModelError for the file; RuntimeUnavailableError without a runtime
 */
export async function predictorOf<Provider extends string, Name extends keyof Predictions>(
  bytes: Uint8Array,
  likelihood: Name,
  from: () => Promise<RuntimePackage<Provider>>,
  providers: readonly Provider[],
): Promise<Predictor<Name>> {
  const signature = readSignature(bytes)
  const actual = signature.metadata.likelihood.name
  if (actual !== likelihood) {
    throw new ForeignModelError(
      `The file was exported with a ${actual} likelihood, and a ${likelihood} one is asked for. Load it with { likelihood: '${actual}' }.`,
    )
  }
  return new Predictor(likelihood, await startEngine(await from(), bytes, providers), signature)
}
