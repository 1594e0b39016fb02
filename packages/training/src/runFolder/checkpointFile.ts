import { createHash } from 'node:crypto'
import type { Checkpoint, CheckpointTensor } from '../checkpoint/checkpoint.ts'

/**
 * A checkpoint as bytes: magic (8 bytes), format version and header length (uint32 each), header (JSON), the tensors' bytes one after the other, SHA-256
 * of all before it. All little-endian.
 */
const MAGIC = 'TFJSBCKP'
const PREFIX = MAGIC.length + 8
const DIGEST = 32
export const CHECKPOINT_VERSION = 1

interface Header extends Omit<Checkpoint, 'tensors'> {
  readonly tensors: readonly Omit<CheckpointTensor, 'values'>[]
}

/** Why bytes are no checkpoint; the caller knows which file they are from. */
export type CheckpointFault =
  | { readonly kind: 'corrupt'; readonly why: string }
  | { readonly kind: 'version'; readonly version: number }

export function encodeCheckpoint({ tensors, ...rest }: Checkpoint): Uint8Array {
  const header: Header = { ...rest, tensors: tensors.map(({ name, dtype, shape }) => ({ name, dtype, shape })) }
  const text = Buffer.from(JSON.stringify(header))
  const prefix = Buffer.alloc(PREFIX)
  prefix.write(MAGIC, 'latin1')
  prefix.writeUInt32LE(CHECKPOINT_VERSION, MAGIC.length)
  prefix.writeUInt32LE(text.length, MAGIC.length + 4)
  const body = [prefix, text, ...tensors.map(({ values }) => Buffer.from(values.buffer, values.byteOffset, values.byteLength))]
  const hash = createHash('sha256')
  for (const part of body) hash.update(part)
  return Buffer.concat([...body, hash.digest()])
}

/** Reads what `encodeCheckpoint` wrote, or says why it cannot. */
export function decodeCheckpoint(bytes: Uint8Array): Checkpoint | CheckpointFault {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  if (buffer.length < PREFIX + DIGEST) return corrupt(`it has ${buffer.length} bytes, less than any checkpoint`)
  if (buffer.toString('latin1', 0, MAGIC.length) !== MAGIC) return corrupt('it does not begin like a checkpoint')
  const version = buffer.readUInt32LE(MAGIC.length)
  if (version !== CHECKPOINT_VERSION) return { kind: 'version', version }
  const end = buffer.length - DIGEST
  const digest = createHash('sha256').update(buffer.subarray(0, end)).digest()
  if (!digest.equals(buffer.subarray(end))) return corrupt('its checksum is wrong, so it is cut short or damaged')
  try {
    return decodeBody(buffer.subarray(0, end))
  } catch (error) {
    return corrupt(`its header makes no sense (${(error as Error).message})`)
  }
}

function decodeBody(buffer: Buffer): Checkpoint {
  const headerEnd = PREFIX + buffer.readUInt32LE(MAGIC.length + 4)
  const { tensors, ...rest } = JSON.parse(buffer.toString('utf8', PREFIX, headerEnd)) as Header
  let offset = headerEnd
  const filled = tensors.map((tensor): CheckpointTensor => {
    const length = tensor.shape.reduce((a, b) => a * b, 1) * (tensor.dtype === 'bool' ? 1 : 4)
    if (offset + length > buffer.length) throw new Error(`${tensor.name} reaches beyond the end`)
    // A copy: the bytes of a file need not lie where a Float32Array may begin.
    const part = Uint8Array.from(buffer.subarray(offset, offset + length)).buffer
    offset += length
    const values = {
      float32: () => new Float32Array(part),
      int32: () => new Int32Array(part),
      bool: () => new Uint8Array(part),
    }
    return { ...tensor, values: values[tensor.dtype]() }
  })
  return { ...rest, tensors: filled }
}

const corrupt = (why: string): CheckpointFault => ({ kind: 'corrupt', why })
