import * as tf from '@tensorflow/tfjs'
import { compile } from '@tfjs-bayes/backend/compile'
import { type Mode, type NoiseSource, variationalLayers } from '@tfjs-bayes/layers'
import { modelInputs, oneOutput } from '../model/severalTensors.ts'
import { FixedParts, FixedPartsPass } from './fixedParts.ts'
import { type SplitModel, splitModel } from './splitModel.ts'

/** Draws that one call of the model function takes; more would only cost memory. */
const DRAWS_AT_ONCE = 10
/** Most numbers of the outputs of one chunk, [draws, rows, ...]. */
const CHUNK_NUMBERS = 4_000_000

/** Draws that one call takes. */
export interface DrawRange {
  /** From 0. */
  readonly first: number
  readonly count: number
}

export interface ModelDrawsOptions<R extends Record<string, tf.Tensor>> {
  readonly model: tf.LayersModel
  readonly mode: Mode
  /** Draws S. */
  readonly samples: number
  /** Most rows of a batch. */
  readonly batchRows: number
  /** The noise of a draw, a pure function of its number, an int32 scalar. */
  noiseOf(draw: tf.Scalar): NoiseSource
  /** Which of several outputs is drawn; default all of them, packed (see `modelOutputs`). */
  readonly output?: number | undefined
  /**
   * Sums up a few draws of one batch: a pure function, compiled with the model.
   *
   * @param outputs [draws, rows, ...]
   * @param alongside what was handed in with the batch
   * @param passes of those draws, whose KL can be asked for
   */
  summarize(outputs: tf.Tensor, alongside: readonly tf.Tensor[], passes: readonly FixedPartsPass[]): R
  /** Whether functions become graphs where the backend can do that; default true. */
  readonly compile?: boolean
}

/**
 * The draws of a model, a few at a time, so that neither memory nor a graph grows with their number. What no noise changes is computed once for all draws of a
 * batch: the layers in front of the first Bayesian ones, their moments, and every sigma.
 */
export class ModelDraws<R extends Record<string, tf.Tensor>> {
  readonly #options: ModelDrawsOptions<R>
  readonly #split: SplitModel
  readonly #chunks: readonly { readonly draws: DrawRange; readonly run: TensorFunction<R> }[]
  readonly #fixed: TensorFunction<tf.Tensor[]> | undefined
  /** Where the fixed parts belong, once they are known; their values come with each call. */
  #parts = new FixedParts()

  constructor(options: ModelDrawsOptions<R>) {
    this.#options = options
    this.#split = splitModel(options.model)
    const ranges = drawRanges(options)
    const functions = new Map(ranges.map(({ count }) => [count, this.#compiled(this.#drawsOf(count))]))
    this.#chunks = ranges.map((draws) => ({ draws, run: functions.get(draws.count)! }))
    // The draws of one call share by themselves.
    const sharing = ranges.length > 1 && variationalLayers(options.model).length > 0
    this.#fixed = sharing ? this.#compiled(this.#fixedParts()) : undefined
  }

  /**
   * Takes all draws of a batch.
   *
   * @param x inputs, [rows, ...]
   * @param alongside what `summarize` needs beside the outputs
   * @param first number of the first draw, for its noise
   * @returns what `summarize` gave for a few draws after the other; its tensors are the caller's
   */
  *of(
    x: tf.Tensor,
    alongside: readonly tf.Tensor[] = [],
    first = 0,
  ): Generator<{ readonly draws: DrawRange; readonly summary: R }, void> {
    const fixed = this.#fixed ? tf.tidy(() => this.#fixed!(x)) : []
    const inputs = this.#fixed ? fixed : [x]
    try {
      for (const { draws, run } of this.#chunks) {
        const summary = tf.tidy(() => run(tf.scalar(first + draws.first, 'int32'), ...alongside, ...inputs))
        yield { draws, summary }
      }
    } finally {
      tf.dispose(fixed)
    }
  }

  dispose(): void {
    for (const { run } of this.#chunks) run.dispose?.()
    this.#fixed?.dispose?.()
  }

  /** The pure function x -> fixed values of the model, followed by the parts that no noise changes; the draw that asks for them comes to nothing. */
  #fixedParts(): (...args: readonly tf.Tensor[]) => tf.Tensor[] {
    const { model, mode } = this.#options
    return (x) =>
      tf.tidy(() => {
        const fixed = this.#split.fixed(modelInputs(model, x!))
        const parts = new FixedParts()
        const pass = new FixedPartsPass({ mode, noise: (shape) => tf.zeros([...shape]) }, parts, fixed)
        this.#split.drawn(fixed, { training: false, pass })
        this.#parts = parts
        return [...fixed, ...parts.values.map((value) => value.clone())]
      })
  }

  /**
   * The pure function (first, ...alongside, ...inputs) -> summary of `count` draws, of which draw i has the noise of first + i. Its inputs are what
   * `#fixedParts` gave, or x where nothing is computed before.
   */
  #drawsOf(count: number): (...args: readonly tf.Tensor[]) => R {
    const { model, mode, noiseOf, summarize, output } = this.#options
    return (first, ...rest) =>
      tf.tidy(() => {
        const partsFrom = rest.length - this.#parts.values.length
        const inputsFrom = this.#fixed ? partsFrom - this.#split.fixedValues : rest.length - 1
        const alongside = rest.slice(0, inputsFrom)
        const fixed = this.#fixed ? rest.slice(inputsFrom, partsFrom) : this.#split.fixed(modelInputs(model, rest.at(-1)!))
        const known = this.#parts.with(rest.slice(partsFrom))
        const passes: FixedPartsPass[] = []
        const outputs = Array.from({ length: count }, (_, draw) => {
          const noise = noiseOf(tf.add(first!, tf.scalar(draw, 'int32')) as tf.Scalar)
          const pass = new FixedPartsPass({ mode, noise, ...(passes[0] && { sharing: passes[0] }) }, known, fixed)
          passes.push(pass)
          return oneOutput(this.#split.drawn(fixed, { training: false, pass }), output)
        })
        return summarize(tf.stack(outputs), alongside, passes)
      })
  }

  #compiled<T extends R | tf.Tensor[]>(step: (...args: readonly tf.Tensor[]) => T): TensorFunction<T> {
    return this.#options.compile === false ? step : compile(step)
  }
}

type TensorFunction<T> = ((...args: readonly tf.Tensor[]) => T) & { dispose?: () => void }

/** Cuts S draws into chunks of nearly the same size, so that at most two functions (and two compiled graphs) serve them all. */
function drawRanges({
  model,
  samples,
  batchRows,
}: Pick<ModelDrawsOptions<Record<string, tf.Tensor>>, 'model' | 'samples' | 'batchRows'>): DrawRange[] {
  const sizes = model.outputs.map(({ shape }) => shape.slice(1).reduce<number>((size, axis) => size * (axis ?? 1), 1))
  const numbersOfRow = sizes.reduce((sum, size) => sum + size)
  const most = Math.max(1, Math.min(DRAWS_AT_ONCE, Math.floor(CHUNK_NUMBERS / (batchRows * numbersOfRow))))
  const count = Math.ceil(samples / most)
  return Array.from({ length: count }, (_, chunk) => {
    const first = Math.floor((chunk * samples) / count)
    return { first, count: Math.floor(((chunk + 1) * samples) / count) - first }
  })
}
