import { mkdir, mkdtemp, rename, rm, writeFile } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { FileAccessError, InvalidModelError, InvalidOptionError } from './errors.ts'
import type { Dimension, ElementType } from './ir/value.ts'
import { readSignature } from './predictor/signature.ts'

/** How a Triton server is to run a model. */
export interface TritonOptions {
  /** Rows that run at once, an integer >= 1: the server gathers requests up to it. Default 128. */
  readonly maxBatchSize?: number
  /** Microseconds that a request may wait for others, an integer >= 0. Default 500. */
  readonly maxQueueDelay?: number
  /** Where instances run: 'auto' takes the GPU if there is one. Default 'auto'. */
  readonly device?: 'auto' | 'gpu' | 'cpu'
  /** Instances on each device, an integer >= 1. Default 1. */
  readonly instances?: number
  /** Options of onnxruntime's CUDA provider by their names there, e.g. { gpu_mem_limit: '2147483648' }. */
  readonly cuda?: Readonly<Record<string, string>>
  /** The version's number, an integer >= 1. Default 1. */
  readonly version?: number
}

/**
 * Writes a model into the model repository of an NVIDIA Triton server, which then scales it out: `config.pbtxt` with types, sizes, dynamic batching,
 * instances and warm-up, and the file itself under its version. The folder appears whole or not at all.
 *
 * @param model a file of this package whose only inputs are rows: Triton batches along the first axis of every input
 * @param folder of the model within the repository, e.g. `repository/digits`; its name is the model's; it must not exist yet
 * @param options batching, instances, CUDA settings
 * @throws InvalidModelError where the file takes noise or the number of draws as inputs, or has its weights in a second file; InvalidOptionError; FileAccessError
 */
export async function tritonRepository(model: Uint8Array, folder: string, options: TritonOptions = {}): Promise<void> {
  const config = tritonConfig(model, basename(folder), options)
  let temporary: string | undefined
  try {
    await mkdir(dirname(folder), { recursive: true })
    temporary = await mkdtemp(`${folder}.`)
    const version = join(temporary, String(options.version ?? 1))
    await mkdir(version)
    await writeFile(join(version, 'model.onnx'), model)
    await writeFile(join(temporary, 'config.pbtxt'), config)
    await rename(temporary, folder)
  } catch (error) {
    if (temporary != null) await rm(temporary, { recursive: true, force: true })
    throw new FileAccessError(
      `The Triton model ${folder} cannot be written: ${(error as Error).message}. The folder must not exist yet, and its parent must be writable.`,
    )
  }
}

/**
 * The `config.pbtxt` of a model.
 *
 * @param model a file of this package whose only inputs are rows
 * @param name of the model on the server: letters, digits, `_`, `-` and `.`
 * @param options as for `tritonRepository`
 * @throws InvalidModelError, InvalidOptionError
 */
export function tritonConfig(model: Uint8Array, name: string, options: TritonOptions = {}): string {
  const { maxBatchSize = 128, maxQueueDelay = 500, device = 'auto', instances = 1, cuda = {}, version = 1 } = options
  if (!/^[\w.-]+$/.test(name))
    throw new InvalidOptionError(`The model's name is ${JSON.stringify(name)}; expected letters, digits, _, - and . only.`)
  requireInteger('maxBatchSize', maxBatchSize, 1)
  requireInteger('maxQueueDelay', maxQueueDelay, 0)
  requireInteger('instances', instances, 1)
  requireInteger('version', version, 1)
  if (!Object.hasOwn(KINDS, device))
    throw new InvalidOptionError(`device is ${JSON.stringify(device)}; expected 'auto', 'gpu' or 'cpu'.`)
  const { rows, outputs, noise, metadata, dataFiles } = readSignature(model)
  if (dataFiles.length > 0) {
    throw new InvalidModelError(
      `The file has its weights in a second file, ${dataFiles.join(', ')}, which its bytes do not have. Export it without externalData.`,
    )
  }
  if (noise.length > 0 || metadata.samples === 'input') {
    throw new InvalidModelError(
      `The file takes ${noise.length > 0 ? 'its noise' : 'the number of draws'} as an input, which has no batch in its first axis, so a server cannot gather requests. Export with noise: 'baked', with a fixed number of samples, or with mode 'moments'.`,
    )
  }
  const inputs = rows.map((input) => ({ name: input.name, type: typeName(input.elementType), dims: dimensions(input.shape) }))
  const results = outputs.map((output) => ({
    name: output.name,
    type: typeName(output.elementType),
    dims: dimensions(output.shape),
  }))
  return `${[
    `name: ${quote(name)}`,
    'backend: "onnxruntime"',
    `max_batch_size: ${maxBatchSize}`,
    ...inputs.map((input) => `input ${tensorText(input)}`),
    ...results.map((result) => `output ${tensorText(result)}`),
    `instance_group { kind: ${KINDS[device]} count: ${instances} }`,
    `dynamic_batching { max_queue_delay_microseconds: ${maxQueueDelay} }`,
    ...(Object.keys(cuda).length === 0 ? [] : [cudaText(cuda)]),
    // The first run of a shape chooses and loads kernels: before a request waits for it.
    ...[...new Set([1, maxBatchSize])].map((rowsAtOnce) => warmUpText(inputs, rowsAtOnce)),
  ].join('\n')}\n`
}

const KINDS = { auto: 'KIND_AUTO', gpu: 'KIND_GPU', cpu: 'KIND_CPU' } as const

interface TritonTensor {
  readonly name: string
  readonly type: string
  /** Without the batch. */
  readonly dims: readonly number[]
}

function tensorText({ name, type, dims }: TritonTensor): string {
  // Triton wants an axis beside the batch; where the graph has none, it reshapes.
  const shape = dims.length === 0 ? 'dims: [ 1 ] reshape { shape: [ ] }' : `dims: [ ${dims.join(', ')} ]`
  return `{ name: ${quote(name)} data_type: ${type} ${shape} }`
}

function warmUpText(inputs: readonly TritonTensor[], rows: number): string {
  const fields = inputs.map(
    // Unknown sizes are tried with 1.
    ({ name, type, dims }) =>
      `inputs { key: ${quote(name)} value { data_type: ${type} dims: [ ${dims.map((size) => Math.max(size, 1)).join(', ')} ] zero_data: true } }`,
  )
  return `model_warmup { name: "${rows} rows" batch_size: ${rows} ${fields.join(' ')} }`
}

function cudaText(cuda: Readonly<Record<string, string>>): string {
  const parameters = Object.entries(cuda).map(([key, value]) => `parameters { key: ${quote(key)} value: ${quote(value)} }`)
  return `optimization { execution_accelerators { gpu_execution_accelerator { name: "cuda" ${parameters.join(' ')} } } }`
}

function dimensions(shape: readonly Dimension[]): readonly number[] {
  return shape.slice(1).map((size) => (typeof size === 'number' ? size : -1))
}

function typeName(elementType: ElementType): string {
  const name = (
    { float: 'TYPE_FP32', float16: 'TYPE_FP16', int32: 'TYPE_INT32', int64: 'TYPE_INT64', bool: 'TYPE_BOOL' } as const
  )[elementType as string]
  if (name == null)
    throw new InvalidModelError(
      `The file has a tensor of type ${elementType}, which Triton's configuration has no word for here.`,
    )
  return name
}

function quote(text: string): string {
  return JSON.stringify(text)
}

function requireInteger(name: string, value: number, minimum: number): void {
  if (!(Number.isInteger(value) && value >= minimum))
    throw new InvalidOptionError(`${name} is ${value}; expected an integer >= ${minimum}.`)
}
