import { importRuntime, type RuntimePackage } from './startEngine.ts'

/** Execution providers of onnxruntime-web that a predictor asks for. */
export type WebProvider = 'webgpu' | 'wasm'

/**
 * onnxruntime-web and its providers.
 *
 * @throws RuntimeUnavailableError where it is not installed
 */
export async function webRuntime(): Promise<RuntimePackage<WebProvider>> {
  const name = 'onnxruntime-web'
  const load = (): Promise<typeof import('onnxruntime-web')> => import('onnxruntime-web')
  return {
    name,
    runtime: await importRuntime(name, load, 'its .wasm files must be served where it looks for them (env.wasm.wasmPaths)'),
    plain: 'wasm',
    unavailable: (provider) =>
      provider === 'webgpu' && !hasWebGpu() ? 'no WebGPU: this platform has no navigator.gpu' : undefined,
    hint: 'does the browser allow WebGPU here?',
  }
}

function hasWebGpu(): boolean {
  return typeof navigator === 'object' && 'gpu' in navigator && navigator.gpu != null
}
