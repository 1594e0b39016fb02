import { CorruptModelError, ForeignModelError } from '../errors.ts'
import { OUTPUTS, type OutputName, type PredictionName, predictionOf } from '../predictive/outputs.ts'
import type { SessionSettings } from './ortEngine.ts'
import { USUAL_OUTPUTS, type UsualOutputs } from './prediction.ts'
import { Predictor } from './predictor.ts'
import { readSignature } from './signature.ts'
import { type RuntimePackage, startEngine } from './startEngine.ts'

/** How a model is loaded. */
export interface LoadOptions<
  Provider extends string,
  Name extends PredictionName = 'categorical',
  Output extends OutputName<Name> = UsualOutputs[Name] & OutputName<Name>,
> {
  /** What the predictor is to answer with, classes or numbers; the file must have been exported for it. Default 'categorical'. */
  readonly likelihood?: Name
  /**
   * Outputs that the caller counts on: the file must have them, and the prediction's type says so. Default: probabilities and entropy, or mean and
   * aleatoricVariance. What else the file has is in the prediction too.
   */
  readonly outputs?: readonly Output[]
  /** Execution providers in the order of preference; `predictor.provider` and `predictor.message` say which it became. */
  readonly providers?: readonly Provider[]
}

/**
 * Makes a predictor of a file's bytes.
 *
 * @param bytes a whole file
 * @param wanted what the caller wants to be answered with, and the providers in the order of preference
 * @param from gives the onnxruntime package; asked once the file is known to be good
 * @param settings default: onnxruntime's own
 * @param locate gives the path of a file whose weights are in files beside it; default: an error, since bytes have no folder
 * @throws CorruptModelError, ForeignModelError for the file; RuntimeUnavailableError without a runtime
 */
export async function predictorOf<Provider extends string, Name extends PredictionName, Output extends OutputName<Name>>(
  bytes: Uint8Array,
  wanted: Required<Omit<LoadOptions<Provider, Name, Output>, 'outputs'>> & { readonly outputs: readonly Output[] | undefined },
  from: () => Promise<RuntimePackage<Provider>>,
  settings: SessionSettings = {},
  locate: (dataFiles: readonly string[]) => Promise<string> = refuseDataFiles,
): Promise<Predictor<Name, Output>> {
  const { likelihood, providers } = wanted
  const outputs: readonly string[] = wanted.outputs ?? USUAL_OUTPUTS[likelihood]
  const signature = readSignature(bytes)
  const actual = predictionOf(signature.metadata.likelihood)
  if (actual !== likelihood) {
    throw new ForeignModelError(
      `The file was exported with a ${signature.metadata.likelihood.name} likelihood, and a ${likelihood} one is asked for. Load it with { likelihood: '${actual}' }.`,
    )
  }
  const names: Readonly<Record<string, string>> = OUTPUTS[likelihood]
  const has = Object.keys(names).filter((output) => signature.outputs.some(({ name }) => name === names[output]))
  const missing = outputs.filter((output) => !has.includes(output))
  if (missing.length > 0) {
    const list = (items: readonly string[]): string => `[${items.map((item) => `'${item}'`).join(', ')}]`
    throw new ForeignModelError(
      `The file has no output ${missing.join(', ')}; it has ${has.join(', ')}. Load it with outputs: ${list(has)}, or export it with outputs: ${list([...new Set([...has, ...outputs])])}.`,
    )
  }
  const model = signature.dataFiles.length === 0 ? bytes : await locate(signature.dataFiles)
  return new Predictor<Name, Output>(likelihood, await startEngine(await from(), model, providers, settings), signature)
}

/** Why bytes alone are not enough. */
export async function refuseDataFiles(dataFiles: readonly string[]): Promise<never> {
  throw new CorruptModelError(
    `The weights of the ONNX file are in a file beside it, ${dataFiles.join(', ')}, which its bytes alone do not have. Give its path to loadPredictor or loadModel of @tfjs-bayes/onnx/node, or export it without externalData.`,
  )
}
