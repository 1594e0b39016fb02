import * as tf from '@tensorflow/tfjs'
import { setWasmPaths } from '@tensorflow/tfjs-backend-wasm'

export interface WasmOptions {
  /**
   * Where the `.wasm` files of @tensorflow/tfjs-backend-wasm are served: a prefix that ends in a slash, or a URL for each file name.
   * Default: in a browser beside the script; in Node they are read from the package. Counts only before the backend's first start.
   */
  readonly paths?: string | Readonly<Record<string, string>>
}

/**
 * Makes the WebAssembly backend the backend of tfjs: with SIMD where the engine has it, with threads in browsers on cross-origin isolated
 * pages (its threaded build does not start in Node).
 *
 * @throws Error if the backend does not start, in a browser most often because its `.wasm` files are not served
 */
export async function useWasmBackend(options: WasmOptions = {}): Promise<void> {
  if (options.paths !== undefined) setWasmPaths(options.paths as Parameters<typeof setWasmPaths>[0])
  if (!(await tf.setBackend('wasm')))
    throw new Error('The WebAssembly backend did not start: are its .wasm files where `paths` says?')
}
