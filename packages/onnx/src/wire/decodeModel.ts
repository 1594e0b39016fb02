import type { OnnxModel } from '../ir/graph.ts'
import { decode } from './decode.ts'
import { fromMessage } from './fromMessage.ts'

/**
 * Reads the graph of an ONNX file, e.g. to look at it or to check it with `checkCudaKernels`.
 *
 * @param bytes a whole file, of this package or one whose values all have types and whose weights are stored as raw bytes
 * @returns the graph
 * @throws CorruptModelError where the bytes are damaged or hold what this package has no word for
 */
export function decodeModel(bytes: Uint8Array): OnnxModel {
  return fromMessage(decode(bytes))
}
