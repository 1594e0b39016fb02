import { CorruptModelError, RuntimeUnavailableError } from '../errors.ts'
import type { Engine } from './engine.ts'
import { OrtEngine, type OrtRuntime, type SessionSettings } from './ortEngine.ts'

/** An onnxruntime package and what to say about its providers. */
export interface RuntimePackage<Provider extends string> {
  readonly name: string
  readonly runtime: OrtRuntime
  /** The provider that always works: if it refuses a model, the model is to blame. */
  readonly plain: Provider
  /** Why a provider need not be tried; undefined if it may work. */
  readonly unavailable: (provider: Provider) => string | undefined
  /** What a user can do where a provider failed. */
  readonly hint: string
}

/**
 * Starts a model on the first provider that works.
 *
 * @param from the package
 * @param model the file's bytes, or its path
 * @param providers in the order of preference
 * @param settings default: onnxruntime's own
 * @returns the session; its message says why earlier providers were passed over
 * @throws CorruptModelError where onnxruntime refuses the model; RuntimeUnavailableError where no provider works
 */
export async function startEngine<Provider extends string>(
  from: RuntimePackage<Provider>,
  model: Uint8Array | string,
  providers: readonly Provider[],
  settings: SessionSettings = {},
): Promise<Engine> {
  const passed: string[] = []
  for (const provider of providers) {
    const reason = from.unavailable(provider)
    if (reason != null) {
      passed.push(reason)
      continue
    }
    try {
      const message = [`${from.name} on ${provider}`, ...passed].join('; ')
      return await OrtEngine.start(from.runtime, model, provider, message, settings)
    } catch (error) {
      const message = error instanceof Error ? error.message : String(error)
      if (provider === from.plain) {
        throw new CorruptModelError(
          `onnxruntime refuses the model: ${message}. The file was altered, or is of a newer version: export the model again.`,
        )
      }
      passed.push(`${provider} failed (${message.split('\n')[0]}): ${from.hint}`)
    }
  }
  throw new RuntimeUnavailableError(
    `None of the providers [${providers.join(', ')}] works here: ${passed.join('; ') || 'none was named'}. Give providers: ['${from.plain}'].`,
  )
}

/**
 * Loads an onnxruntime package, which is an optional peer.
 *
 * @param name of the package
 * @param load imports it
 * @param otherwise what to do where there is no binary of it for this platform
 * @throws RuntimeUnavailableError where it is not installed or does not load
 */
export async function importRuntime<Runtime>(name: string, load: () => Promise<Runtime>, otherwise: string): Promise<Runtime> {
  try {
    return await load()
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error)
    throw new RuntimeUnavailableError(
      `${name} cannot be loaded: ${message.split('\n')[0]}. Install it beside @tfjs-bayes/onnx (npm install ${name}); ${otherwise}.`,
    )
  }
}
