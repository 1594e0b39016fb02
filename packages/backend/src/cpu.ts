import * as tf from '@tensorflow/tfjs'

/** Makes tfjs's plain JavaScript backend the backend of tfjs. */
export async function useCpuBackend(): Promise<void> {
  await tf.setBackend('cpu')
  // In Node its first use prints a banner for tfjs-node; whoever comes here by way of `./node` has been told, with the reason.
  Object.assign(tf.backend(), { firstUse: false })
}
