import { createRequire } from 'node:module'
import * as tf from '@tensorflow/tfjs'
import { registerNativeAdam } from './adam/nativeAdam.ts'
import { NativeBackendError, type NativeBackendProblem } from './errors.ts'
import { registerNativeGradients } from './gradients/nativeGradients.ts'
import { cacheRoot } from './install/cache.ts'
import { addonPlace } from './install/link.ts'
import { findTfjsNode, type TfjsNode } from './install/tfjsNode.ts'
import { registerNativeRandom } from './random/nativeRandom.ts'

export { NativeBackendError, type NativeBackendProblem } from './errors.ts'

/**
 * Makes tfjs-node's TensorFlow the backend of tfjs.
 *
 * TensorFlow's log is cut down to errors, unless TF_CPP_MIN_LOG_LEVEL says otherwise. Its memory comes from its own allocator, which keeps what a step
 * frees for the next one, unless TF_CPU_ALLOCATOR_USE_BFC=false says otherwise: malloc hands large tensors back to the system, and a step on weights of
 * 1200 x 1200 then spends a tenth of its time on thousands of page faults. oneDNN's kernels are on, unless TF_ENABLE_ONEDNN_OPTS=0 says otherwise: TensorFlow
 * leaves them off on some CPUs, where convolutions then take twice the time. It says so in two lines on stderr, which no log level silences.
 *
 * @throws NativeBackendError whose `code` says what is at fault: the package, its addon, or its start
 */
export async function useNativeBackend(): Promise<void> {
  process.env['TF_CPP_MIN_LOG_LEVEL'] ??= '2'
  process.env['TF_CPU_ALLOCATOR_USE_BFC'] ??= 'true'
  process.env['TF_ENABLE_ONEDNN_OPTS'] ??= '1'
  restoreUtilFunctions()
  try {
    await import('@tensorflow/tfjs-node')
    if (!(await tf.setBackend('tensorflow'))) throw new Error('tfjs could not start the backend "tensorflow"')
  } catch (cause) {
    throw diagnose(cause as NodeJS.ErrnoException)
  }
  registerNativeRandom()
  registerNativeAdam()
  registerNativeGradients()
}

/** tfjs-node 4.22 calls two functions of node:util that Node 23 removed. */
function restoreUtilFunctions(): void {
  const util = createRequire(import.meta.url)('node:util') as Record<string, unknown>
  util['isNullOrUndefined'] ??= (value: unknown) => value === undefined || value === null
  util['isArray'] ??= Array.isArray
}

const INSTALL = '`npx tfjs-bayes-native install`'

/** Finds out why tfjs-node could not be used, by looking rather than by its words. */
function diagnose(cause: NodeJS.ErrnoException): NativeBackendError {
  const problem = (code: NativeBackendProblem, message: string): NativeBackendError =>
    new NativeBackendError(code, message, { cause })
  let tfjsNode: TfjsNode
  try {
    tfjsNode = findTfjsNode()
  } catch {
    const remedy = `\`npm install --ignore-scripts @tensorflow/tfjs-node\`, then ${INSTALL}`
    return problem('package-missing', `the package @tensorflow/tfjs-node is not installed; to get it: ${remedy}`)
  }
  const place = addonPlace(tfjsNode, cacheRoot())
  if (place.kind === 'nothing') return problem('addon-missing', `tfjs-node’s native addon is not there; to get it: ${INSTALL}`)
  if (place.dangling)
    return problem('addon-missing', `tfjs-node’s native addon was in a cache that is gone; to get it again: ${INSTALL}`)
  const [reason] = cause.message.split('\n')
  if (cause.code === 'ERR_DLOPEN_FAILED') {
    const remedy = `\`npx tfjs-bayes-native remove\`, then ${INSTALL}`
    return problem('addon-broken', `tfjs-node’s native addon does not load (${reason}); to make it anew: ${remedy}`)
  }
  return problem('start-failed', `tfjs-node does not start (${reason}); \`npx tfjs-bayes-native status\` says more`)
}
