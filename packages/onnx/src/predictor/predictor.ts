import { InvalidInputError } from '../errors.ts'
import type { OutputName, PredictionName } from '../predictive/outputs.ts'
import type { Engine, Feed } from './engine.ts'
import { checkInputs, type Rows } from './inputs.ts'
import { type Prediction, toPrediction, type UsualOutputs } from './prediction.ts'
import type { ModelSignature } from './signature.ts'

/** How a prediction is made. */
export interface PredictOptions {
  /** For a model exported with noise: 'input': one Float32Array [samples, rows, units] per call of a Bayesian layer. */
  readonly noise?: readonly Float32Array[]
  /** For a model exported with samples: 'input': number of draws, an integer >= 1. Default 100. */
  readonly samples?: number
  /** Rows that run at once: memory grows with batchSize x samples. Default 100, of models that make one draw or none 500. */
  readonly batchSize?: number
  /** Stops before the next chunk; `predict` rejects with the signal's reason. */
  readonly signal?: AbortSignal
  /** Called after each chunk. */
  readonly onProgress?: (progress: PredictProgress) => void
}

/** How far a prediction is. */
export interface PredictProgress {
  /** Rows that are done. */
  readonly rows: number
  /** Rows in all. */
  readonly totalRows: number
}

const DEFAULT_BATCH_SIZE = 100
/** One pass of few rows is too short for the threads. */
const DEFAULT_BATCH_SIZE_OF_ONE_PASS = 500

/** A loaded model that answers with predictive distributions. Calls may overlap. */
export class Predictor<Name extends PredictionName, Output extends OutputName<Name> = UsualOutputs[Name] & OutputName<Name>> {
  readonly likelihood: Name
  /** What the model runs on: 'cuda', 'cpu', ... */
  readonly provider: string
  /** One line: the provider and, if it is not the first that was asked for, why and what to do. */
  readonly message: string
  private readonly engine: Engine
  private readonly signature: ModelSignature
  private disposed = false

  /** Use `loadPredictor`. */
  constructor(likelihood: Name, engine: Engine, signature: ModelSignature) {
    this.likelihood = likelihood
    this.engine = engine
    this.signature = signature
    this.provider = engine.provider
    this.message = engine.message
  }

  /**
   * The predictive distribution of rows.
   *
   * @param x all rows: a flat array [rows, ...], or { data, shape }; an object of these by name where the model has several inputs
   * @param options noise or samples, if the model takes them; chunk size; abort signal
   * @returns plain arrays, which the caller owns
   * @throws InvalidInputError for rows, noise or options that do not fit, and where the answer is not a number; the signal's reason when aborted
   */
  async predict(x: Rows | Readonly<Record<string, Rows>>, options: PredictOptions = {}): Promise<Prediction<Name, Output>> {
    if (this.disposed) throw new InvalidInputError('The predictor was disposed. Load the model again with loadPredictor.')
    const isOnePass = this.signature.metadata.samples === 1
    const defaultSize = isOnePass ? DEFAULT_BATCH_SIZE_OF_ONE_PASS : DEFAULT_BATCH_SIZE
    const { noise, samples, batchSize = defaultSize, signal, onProgress } = options
    if (!(Number.isInteger(batchSize) && batchSize >= 1))
      throw new InvalidInputError(`batchSize is ${batchSize}; expected an integer >= 1.`)
    const inputs = checkInputs(this.signature, { x, noise, samples })
    const chunks: Readonly<Record<string, Float32Array>>[] = []
    for (let from = 0; from < inputs.rows; from += batchSize) {
      signal?.throwIfAborted()
      const to = Math.min(from + batchSize, inputs.rows)
      const outputs = await this.run(inputs.chunk(from, to), from)
      checkNumbers(outputs, from, inputs.rows)
      chunks.push(outputs)
      onProgress?.({ rows: to, totalRows: inputs.rows })
    }
    const joined = Object.fromEntries(
      this.signature.outputs.map(({ name }) => [name, concatenate(chunks.map((chunk) => chunk[name]!))]),
    )
    const { units, quantiles: levels } = this.signature.metadata
    return toPrediction<Name, Output>(this.likelihood, joined, { rows: inputs.rows, units, levels })
  }

  /** What the runtime says names no rows. */
  private async run(feeds: Readonly<Record<string, Feed>>, from: number): Promise<Readonly<Record<string, Float32Array>>> {
    try {
      const results = await this.engine.run(feeds)
      // Every output of a predictive distribution is float.
      return Object.fromEntries(Object.entries(results).map(([name, { data }]) => [name, data as Float32Array]))
    } catch (error) {
      throw new InvalidInputError(
        `onnxruntime cannot run the model on the rows from ${from} on: ${(error as Error).message}. Is an index beyond its embedding, or the chunk too large for the memory (batchSize)?`,
      )
    }
  }

  /** Frees the session. Predictions made so far stay valid. */
  async dispose(): Promise<void> {
    if (this.disposed) return
    this.disposed = true
    await this.engine.release()
  }
}

function checkNumbers(outputs: Readonly<Record<string, Float32Array>>, from: number, rows: number): void {
  for (const [name, values] of Object.entries(outputs)) {
    if (values.some((value) => Number.isNaN(value))) {
      throw new InvalidInputError(
        `${name} is NaN for a row from ${from} on (of ${rows}): the values overflow inside the model. Scale the input as the training data was.`,
      )
    }
  }
}

function concatenate(parts: readonly Float32Array[]): Float32Array {
  if (parts.length === 1) return parts[0]!
  const result = new Float32Array(parts.reduce((total, part) => total + part.length, 0))
  let offset = 0
  for (const part of parts) {
    result.set(part, offset)
    offset += part.length
  }
  return result
}
