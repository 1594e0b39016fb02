import * as tf from '@tensorflow/tfjs'

/** Makes tfjs's plain JavaScript backend the backend of tfjs. */
export async function useCpuBackend(): Promise<void> {
  await tf.setBackend('cpu')
}
