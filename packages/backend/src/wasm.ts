import * as tf from '@tensorflow/tfjs'
import '@tensorflow/tfjs-backend-wasm'

/** Makes the WebAssembly backend the backend of tfjs. */
export async function useWasmBackend(): Promise<void> {
  await tf.setBackend('wasm')
}
