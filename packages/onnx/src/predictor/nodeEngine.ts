import { existsSync, readdirSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import type * as Ort from 'onnxruntime-node'
import { CorruptModelError, RuntimeUnavailableError } from '../errors.ts'
import type { Engine, Feed } from './engine.ts'

/** Execution providers of onnxruntime-node that a predictor asks for. */
export type NodeProvider = 'cuda' | 'cpu'

/**
 * Loads onnxruntime-node, which is an optional peer.
 *
 * @param load how; a test gives another way
 * @throws RuntimeUnavailableError where it is not installed or has no binary for this platform
 */
export async function importRuntime(load: () => Promise<typeof Ort> = () => import('onnxruntime-node')): Promise<typeof Ort> {
  try {
    return await load()
  } catch (error) {
    const { message } = error as Error
    throw new RuntimeUnavailableError(
      `onnxruntime-node cannot be loaded: ${message.split('\n')[0]}. Install it beside @tfjs-bayes/onnx (npm install onnxruntime-node); on a platform for which it has no binary, use onnxruntime-web.`,
    )
  }
}

/**
 * Starts a session on the first provider that works.
 *
 * @param runtime onnxruntime-node
 * @param model the file's bytes
 * @param providers in the order of preference
 * @returns the session
 * @throws CorruptModelError where onnxruntime refuses the model; RuntimeUnavailableError where no provider works
 */
export async function createNodeEngine(
  runtime: typeof Ort,
  model: Uint8Array,
  providers: readonly NodeProvider[],
): Promise<Engine> {
  const refused: string[] = []
  for (const provider of providers) {
    if (provider === 'cuda' && cudaLibraryIsMissing()) {
      refused.push(CUDA_HINT)
      continue
    }
    try {
      const session = await runtime.InferenceSession.create(model, { executionProviders: [provider], logSeverityLevel: 3 })
      return new NodeEngine(runtime, session, provider, [`onnxruntime-node on ${provider}`, ...refused].join('; '))
    } catch (error) {
      const { message } = error as Error
      if (provider === 'cpu') {
        throw new CorruptModelError(
          `onnxruntime refuses the model: ${message}. The file was altered, or is of a newer version: export the model again.`,
        )
      }
      refused.push(
        `cuda failed (${message.split('\n')[0]}): is there an NVIDIA driver, and are CUDA and cuDNN of the version that onnxruntime-node names installed?`,
      )
    }
  }
  throw new RuntimeUnavailableError(
    `None of the providers [${providers.join(', ')}] works here: ${refused.join('; ') || 'none was named'}. Give providers: ['cpu'].`,
  )
}

const CUDA_HINT =
  'no CUDA: onnxruntime-node came without its CUDA library, which its install script downloads from outside npm (Linux x64: allow that script, or run it with npm rebuild onnxruntime-node --onnxruntime-node-install=cuda12)'

class NodeEngine implements Engine {
  readonly provider: string
  readonly message: string
  private readonly runtime: typeof Ort
  private readonly session: Ort.InferenceSession

  constructor(runtime: typeof Ort, session: Ort.InferenceSession, provider: string, message: string) {
    this.runtime = runtime
    this.session = session
    this.provider = provider
    this.message = message
  }

  async run(feeds: Readonly<Record<string, Feed>>): Promise<Readonly<Record<string, Float32Array>>> {
    const tensors = Object.fromEntries(Object.entries(feeds).map(([name, feed]) => [name, this.tensorOf(feed)]))
    const outputs = await this.session.run(tensors)
    return Object.fromEntries(Object.entries(outputs).map(([name, tensor]) => [name, tensor.data as Float32Array]))
  }

  async release(): Promise<void> {
    await this.session.release()
  }

  private tensorOf({ data, elementType, shape }: Feed): Ort.Tensor {
    const type = elementType === 'float' ? 'float32' : elementType
    return new this.runtime.Tensor(type, data, shape)
  }
}

/** Asking onnxruntime for a library that is not there would print an error of its own on the terminal. */
function cudaLibraryIsMissing(): boolean {
  const root = dirname(dirname(createRequire(import.meta.url).resolve('onnxruntime-node')))
  const binaries = join(root, 'bin')
  if (!existsSync(binaries)) return false
  const files = readdirSync(binaries, { recursive: true, encoding: 'utf8' })
  return !files.some((file) => /onnxruntime_providers_cuda\.(so|dll)$/.test(file))
}
