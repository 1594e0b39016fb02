import { ForeignModelError, InvalidInputError } from '../errors.ts'
import type { Engine, OutputTensor } from './engine.ts'
import { checkRows, type Rows } from './inputs.ts'
import type { SessionSettings } from './ortEngine.ts'
import { refuseDataFiles } from './predictorOf.ts'
import { type DeclaredTensor, type GraphSignature, readGraphSignature } from './signature.ts'
import { type RuntimePackage, startEngine } from './startEngine.ts'

/** A loaded model as it is: what `exportLayersModel` wrote, without a predictive distribution. Calls may overlap. */
export class LoadedModel {
  /** The inputs by name, with their types and shapes; a size that is open has a name. */
  readonly inputs: readonly DeclaredTensor[]
  /** The outputs, in the same way. */
  readonly outputs: readonly DeclaredTensor[]
  /** What the model runs on: 'cuda', 'cpu', ... */
  readonly provider: string
  /** One line: the provider and, if it is not the first that was asked for, why and what to do. */
  readonly message: string
  private readonly engine: Engine
  private disposed = false

  /** Use `loadModel`. */
  constructor(engine: Engine, { inputs, outputs }: GraphSignature) {
    this.engine = engine
    this.inputs = inputs
    this.outputs = outputs
    this.provider = engine.provider
    this.message = engine.message
  }

  /**
   * What the model gives for rows, all of which run at once.
   *
   * @param x all rows: a flat array [rows, ...], or { data, shape }; an object of these by name where the model has several inputs
   * @returns each output by its name, data in row-major order with its shape [rows, ...]; the caller owns them
   * @throws InvalidInputError for rows that do not fit, and where onnxruntime cannot run them
   */
  async run(x: Rows | Readonly<Record<string, Rows>>): Promise<Readonly<Record<string, OutputTensor>>> {
    if (this.disposed) throw new InvalidInputError('The model was disposed. Load it again with loadModel.')
    const { rows, chunk } = checkRows(this.inputs, x)
    try {
      return await this.engine.run(chunk(0, rows))
    } catch (error) {
      throw new InvalidInputError(
        `onnxruntime cannot run the model on these ${rows} rows: ${(error as Error).message}. Is an index beyond its embedding, are sizes given that do not fit, or are these too many rows for the memory?`,
      )
    }
  }

  /** Frees the session. Outputs so far stay valid. */
  async dispose(): Promise<void> {
    if (this.disposed) return
    this.disposed = true
    await this.engine.release()
  }
}

/**
 * Loads a model of a file's bytes.
 *
 * @param bytes a whole file
 * @param providers in the order of preference
 * @param from gives the onnxruntime package; asked once the file is known to be good
 * @param settings default: onnxruntime's own
 * @param locate gives the path of a file whose weights are in files beside it; default: an error, since bytes have no folder
 * @throws CorruptModelError, ForeignModelError for the file; RuntimeUnavailableError without a runtime
 */
export async function loadedModelOf<Provider extends string>(
  bytes: Uint8Array,
  providers: readonly Provider[],
  from: () => Promise<RuntimePackage<Provider>>,
  settings: SessionSettings = {},
  locate: (dataFiles: readonly string[]) => Promise<string> = refuseDataFiles,
): Promise<LoadedModel> {
  const signature = readGraphSignature(bytes)
  const strange = signature.inputs.find(({ elementType, shape }) => !RUNNABLE.has(elementType) || shape.length === 0)
  if (strange != null) {
    throw new ForeignModelError(
      `The ONNX file's input "${strange.name}" is ${strange.elementType}[${strange.shape.join(', ')}]; files of this package have inputs of float, int32 or bool, with rows along the first axis. Run the file with onnxruntime itself.`,
    )
  }
  const model = signature.dataFiles.length === 0 ? bytes : await locate(signature.dataFiles)
  return new LoadedModel(await startEngine(await from(), model, providers, settings), signature)
}

const RUNNABLE: ReadonlySet<string> = new Set(['float', 'int32', 'bool'])
