import * as tf from '@tensorflow/tfjs'
import { InvalidArgumentError } from './errors.ts'

export type BackendChoice = 'native' | 'wasm' | 'cpu'

export interface FastestBackendOptions {
  /** The fastest backend to try; default what the variable TFJS_BAYES_BACKEND says, else `native`. */
  readonly prefer?: BackendChoice
}

export interface BackendReport {
  /** tfjs's name of the backend. */
  readonly name: 'tensorflow' | 'wasm' | 'cpu'
  readonly native: boolean
  /** One line: which backend and, if it is not the native one, why and what to do. */
  readonly message: string
}

/**
 * Makes the fastest backend of this machine the backend of tfjs: tfjs-node's TensorFlow, else WebAssembly, else plain JavaScript.
 *
 * @returns which one, with a line to show
 * @throws InvalidArgumentError if the option or the variable names no backend
 */
export async function useFastestBackend(options: FastestBackendOptions = {}): Promise<BackendReport> {
  const { choice, because } = chosen(options)
  const reasons: string[] = because === undefined ? [] : [because]
  if (choice === 'native') {
    try {
      const { useNativeBackend } = await import('./native.ts')
      await useNativeBackend()
      return report('tensorflow', `native TensorFlow ${nativeVersion()}`, [])
    } catch (error) {
      reasons.push(firstLine(error))
    }
  }
  if (choice !== 'cpu') {
    try {
      const { useWasmBackend } = await import('./wasm.ts')
      await useWasmBackend()
      const simd = (await tf.env().getAsync('WASM_HAS_SIMD_SUPPORT')) === true
      return report('wasm', `WebAssembly ${simd ? 'with' : 'without'} SIMD (about 20 times slower than native)`, reasons)
    } catch (error) {
      reasons.push(`WebAssembly does not start either: ${wasmProblem(error)}`)
    }
  }
  const { useCpuBackend } = await import('./cpu.ts')
  await useCpuBackend()
  return report('cpu', 'plain JavaScript', reasons)
}

const CHOICES: readonly BackendChoice[] = ['native', 'wasm', 'cpu']

/** The backend to begin with and, if that rules the native one out, who did. */
function chosen({ prefer }: FastestBackendOptions): { choice: BackendChoice; because?: string } {
  const variable = process.env['TFJS_BAYES_BACKEND']
  const [value, name] = prefer === undefined && variable ? [variable, 'TFJS_BAYES_BACKEND'] : [prefer ?? 'native', 'prefer']
  const choice = CHOICES.find((known) => known === value)
  if (choice === undefined)
    throw new InvalidArgumentError(`${name} is ${JSON.stringify(value)}, expected one of ${CHOICES.join(', ')}`)
  return choice === 'native' ? { choice } : { choice, because: `${name} is ${JSON.stringify(choice)}` }
}

function report(name: BackendReport['name'], backend: string, reasons: readonly string[]): BackendReport {
  return {
    name,
    native: name === 'tensorflow',
    message: `Backend: ${backend}${reasons.length === 0 ? '' : `, because ${reasons.join('; ')}`}.`,
  }
}

function nativeVersion(): string {
  return (tf.backend() as unknown as { binding: { TF_Version: string } }).binding.TF_Version
}

function wasmProblem(error: unknown): string {
  return (error as NodeJS.ErrnoException).code === 'ERR_MODULE_NOT_FOUND'
    ? 'the package @tensorflow/tfjs-backend-wasm is not installed; to get it: `npm install @tensorflow/tfjs-backend-wasm`'
    : firstLine(error)
}

const firstLine = (error: unknown): string => String((error as Error).message).split('\n')[0]!
