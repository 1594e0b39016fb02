import { existsSync, readdirSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { importRuntime, type RuntimePackage } from './startEngine.ts'

/** Execution providers of onnxruntime-node that a predictor asks for. */
export type NodeProvider = 'cuda' | 'cpu'

/**
 * onnxruntime-node and its providers.
 *
 * @throws RuntimeUnavailableError where it is not installed
 */
export async function nodeRuntime(): Promise<RuntimePackage<NodeProvider>> {
  const name = 'onnxruntime-node'
  const load = (): Promise<typeof import('onnxruntime-node')> => import('onnxruntime-node')
  return {
    name,
    runtime: await importRuntime(
      name,
      load,
      'on a platform for which it has no binary, use @tfjs-bayes/onnx/web with onnxruntime-web',
    ),
    plain: 'cpu',
    unavailable: (provider) => (provider === 'cuda' && cudaLibraryIsMissing() ? NO_CUDA_LIBRARY : undefined),
    hint: 'is there an NVIDIA driver, and are CUDA and cuDNN of the version that onnxruntime-node names installed?',
  }
}

const NO_CUDA_LIBRARY =
  'no CUDA: onnxruntime-node came without its CUDA library, which its install script downloads from outside npm (Linux x64: allow that script, or run it with npm rebuild onnxruntime-node --onnxruntime-node-install=cuda12)'

/** Asking onnxruntime for a library that is not there would print an error of its own on the terminal. */
function cudaLibraryIsMissing(): boolean {
  const root = dirname(dirname(createRequire(import.meta.url).resolve('onnxruntime-node')))
  const binaries = join(root, 'bin')
  if (!existsSync(binaries)) return false
  const files = readdirSync(binaries, { recursive: true, encoding: 'utf8' })
  return !files.some((file) => /onnxruntime_providers_cuda\.(so|dll)$/.test(file))
}
