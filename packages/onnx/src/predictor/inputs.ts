import { InvalidInputError } from '../errors.ts'
import type { Feed } from './engine.ts'
import type { DeclaredTensor, ModelSignature } from './signature.ts'

/** Rows as one flat array in row-major order; with a shape where the graph leaves more than the batch open. */
export type Rows = RowData | { readonly data: RowData; readonly shape: readonly number[] }
type RowData = Float32Array | Int32Array | Uint8Array

/** The checked arguments of a prediction: chunks of rows can be cut from it. */
export interface CheckedInputs {
  readonly rows: number
  /** Draws; undefined where there are none, or where the file fixes them and takes no noise. */
  readonly samples: number | undefined
  /** The graph's inputs for rows `from` to `to`. */
  chunk(from: number, to: number): Readonly<Record<string, Feed>>
}

/** What `checkInputs` checks. */
export interface InputArguments {
  readonly x: Rows | Readonly<Record<string, Rows>>
  readonly noise: readonly Float32Array[] | undefined
  readonly samples: number | undefined
}

const DEFAULT_SAMPLES = 100

/** Rows that fit a file's inputs. */
export interface CheckedRows {
  readonly rows: number
  /** The inputs for rows `from` to `to`. */
  chunk(from: number, to: number): Readonly<Record<string, Feed>>
}

/**
 * Checks rows against what a file declares.
 *
 * @throws InvalidInputError with what came, what was expected and what to do
 */
export function checkRows(declared: readonly DeclaredTensor[], x: InputArguments['x']): CheckedRows {
  const tensors = declared.map((input) => ({ input, ...tensorOf(input, rowsFor(declared, input, x)) }))
  const rows = tensors[0]!.shape[0]!
  for (const { input, shape } of tensors) {
    if (shape[0] !== rows)
      throw new InvalidInputError(
        `Input "${input.name}" has ${shape[0]} rows, "${tensors[0]!.input.name}" has ${rows}. Give each input the same rows.`,
      )
  }
  return {
    rows,
    chunk: (from, to) =>
      Object.fromEntries(
        tensors.map(({ input, data, shape, elementType }) => {
          const size = data.length / rows
          return [input.name, { data: data.subarray(from * size, to * size), elementType, shape: [to - from, ...shape.slice(1)] }]
        }),
      ),
  }
}

/**
 * Checks rows, noise and samples against a file's signature.
 *
 * @throws InvalidInputError with what came, what was expected and what to do
 */
export function checkInputs(signature: ModelSignature, { x, noise, samples }: InputArguments): CheckedInputs {
  const { rows, chunk } = checkRows(signature.rows, x)
  const draws = samplesOf(signature, samples)
  const noises = noisesOf(signature, noise, rows)
  return {
    rows,
    samples: noises[0]?.samples ?? draws,
    chunk: (from, to) => {
      const feeds: Record<string, Feed> = { ...chunk(from, to) }
      for (const tensor of noises) feeds[tensor.name] = noiseChunk(tensor, rows, from, to)
      if (signature.metadata.samples === 'input')
        feeds['samples'] = { data: BigInt64Array.of(BigInt(draws!)), elementType: 'int64', shape: [1] }
      return feeds
    },
  }
}

function rowsFor(declared: readonly DeclaredTensor[], input: DeclaredTensor, x: InputArguments['x']): Rows {
  if (declared.length === 1 && (ArrayBuffer.isView(x) || (x != null && 'data' in x && 'shape' in x))) return x as Rows
  const rows = x == null || ArrayBuffer.isView(x) ? undefined : (x as Readonly<Record<string, Rows>>)[input.name]
  if (rows != null) return rows
  const names = declared.map(({ name }) => name)
  throw new InvalidInputError(
    names.length === 1
      ? `x is ${describe(x)}. Expected a Float32Array of all rows, or { data, shape }. From a tfjs tensor: { data: await x.data(), shape: x.shape }.`
      : `The model has the inputs ${names.join(', ')}, and "${input.name}" is missing. Give an object with a Float32Array, or { data, shape }, for each.`,
  )
}

const TYPES = { float: 'Float32Array', int32: 'Int32Array', bool: 'Uint8Array' } as const

interface RowTensor {
  readonly data: RowData
  readonly elementType: keyof typeof TYPES
  readonly shape: readonly number[]
}

function tensorOf(input: DeclaredTensor, rows: Rows): RowTensor {
  const { name } = input
  const elementType = input.elementType as keyof typeof TYPES
  const data: unknown = ArrayBuffer.isView(rows) ? rows : rows.data
  const expected = TYPES[elementType]
  if (Object.prototype.toString.call(data) !== `[object ${expected}]`) {
    throw new InvalidInputError(`Input "${name}" is ${describe(data)}; expected a ${expected}.`)
  }
  const values = data as RowData
  const shape = ArrayBuffer.isView(rows) ? inferShape(input, values.length) : rows.shape
  const fits =
    shape.length === input.shape.length &&
    shape.every((size, axis) => typeof input.shape[axis] === 'string' || size === input.shape[axis])
  if (!fits || shape.reduce((total, size) => total * size, 1) !== values.length) {
    throw new InvalidInputError(
      `Input "${name}" has the shape [${shape.join(', ')}] and ${values.length} elements; the model takes [${input.shape.join(', ')}].`,
    )
  }
  if (values.length === 0)
    throw new InvalidInputError(`Input "${name}" is empty. Give at least one row of [${input.shape.slice(1).join(', ')}].`)
  checkFinite(`Input "${name}"`, values)
  return { data: values, elementType, shape }
}

function inferShape({ name, shape }: DeclaredTensor, length: number): readonly number[] {
  const sizes = shape.slice(1)
  if (sizes.some((size) => typeof size === 'string')) {
    throw new InvalidInputError(
      `The model takes "${name}" as [${shape.join(', ')}], and a flat array does not tell the sizes. Give { data, shape }.`,
    )
  }
  const rowSize = (sizes as number[]).reduce((total, size) => total * size, 1)
  if (length % rowSize !== 0) {
    throw new InvalidInputError(
      `Input "${name}" has ${length} elements, which is no multiple of ${rowSize}, the size of a row [${sizes.join(', ')}].`,
    )
  }
  return [length / rowSize, ...(sizes as number[])]
}

function samplesOf({ metadata }: ModelSignature, samples: number | undefined): number | undefined {
  if (samples == null) return metadata.samples === 'input' ? DEFAULT_SAMPLES : undefined
  if (!(Number.isInteger(samples) && samples >= 1))
    throw new InvalidInputError(`samples is ${samples}; expected an integer >= 1.`)
  if (metadata.samples !== 'input' && metadata.samples !== samples) {
    const fixed =
      metadata.samples === 'noise' ? 'as many draws as the noise that is given' : `${metadata.samples} draws, fixed in the file`
    throw new InvalidInputError(
      `samples is ${samples}, but this model makes ${fixed}. Leave samples out${metadata.samples === 'noise' ? '' : `, or export with samples: 'input'`}.`,
    )
  }
  return samples
}

interface NoiseTensor {
  readonly name: string
  readonly data: Float32Array
  readonly samples: number
  /** Shape of one row's noise. */
  readonly shape: readonly number[]
}

function noisesOf(signature: ModelSignature, noise: readonly Float32Array[] | undefined, rows: number): readonly NoiseTensor[] {
  const { noise: expected, metadata } = signature
  if (noise == null && expected.length === 0) return []
  const needed = expected.map(({ shape }) => `[${[shape[0], rows, ...shape.slice(2)].join(', ')}]`).join(', ')
  if (noise == null) {
    throw new InvalidInputError(
      `This model takes its noise as inputs: give noise, standard normal numbers as a Float32Array each of ${needed}.`,
    )
  }
  if (expected.length === 0)
    throw new InvalidInputError(
      `noise was given, but this model (mode '${metadata.mode}', noise '${metadata.noise}') takes none. Leave it out.`,
    )
  if (!Array.isArray(noise) || noise.length !== expected.length) {
    throw new InvalidInputError(`noise is ${describe(noise)}; expected an array of ${expected.length}: ${needed}.`)
  }
  const tensors = expected.map(({ name, shape }, index): NoiseTensor => {
    const data: unknown = noise[index]
    if (Object.prototype.toString.call(data) !== '[object Float32Array]')
      throw new InvalidInputError(`${name} is ${describe(data)}; expected a Float32Array.`)
    const values = data as Float32Array
    const rowShape = shape.slice(2) as number[]
    const size = rowShape.reduce((total, length) => total * length, 1)
    const samples = values.length / (rows * size)
    const fits = Number.isInteger(samples) && samples >= 1 && (typeof shape[0] === 'string' || shape[0] === samples)
    if (!fits)
      throw new InvalidInputError(
        `${name} has ${values.length} elements; expected [${[shape[0], rows, ...rowShape].join(', ')}].`,
      )
    checkFinite(name, values)
    return { name, data: values, samples, shape: rowShape }
  })
  const other = tensors.find(({ samples }) => samples !== tensors[0]!.samples)
  if (other != null)
    throw new InvalidInputError(
      `${other.name} has ${other.samples} draws, ${tensors[0]!.name} has ${tensors[0]!.samples}. Give each layer as many.`,
    )
  return tensors
}

// Draws come first in a noise tensor, so the rows of a chunk lie apart.
function noiseChunk({ data, samples, shape }: NoiseTensor, rows: number, from: number, to: number): Feed {
  const size = shape.reduce((total, length) => total * length, 1)
  if (from === 0 && to === rows) return { data, elementType: 'float', shape: [samples, rows, ...shape] }
  const chunk = new Float32Array(samples * (to - from) * size)
  for (let sample = 0; sample < samples; sample++) {
    chunk.set(data.subarray((sample * rows + from) * size, (sample * rows + to) * size), sample * (to - from) * size)
  }
  return { data: chunk, elementType: 'float', shape: [samples, to - from, ...shape] }
}

function checkFinite(what: string, values: RowData): void {
  // A plain loop: this is on the way of every prediction, and findIndex takes several times as long.
  for (let i = 0; i < values.length; i++) {
    if (!Number.isFinite(values[i])) {
      throw new InvalidInputError(`${what}: element ${i} is ${values[i]}; expected finite numbers. Clean the data first.`)
    }
  }
}

function describe(value: unknown): string {
  if (Array.isArray(value)) return `an array of ${value.length}`
  if (ArrayBuffer.isView(value)) return `a ${Object.prototype.toString.call(value).slice(8, -1)}`
  return value === null
    ? 'null'
    : typeof value === 'object'
      ? `an object (${value.constructor?.name ?? 'no class'})`
      : String(value)
}
