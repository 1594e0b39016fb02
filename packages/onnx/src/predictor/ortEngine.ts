import type { Engine, Feed, OutputTensor } from './engine.ts'

/** What a predictor needs of onnxruntime's interface for JavaScript, which its packages for Node and for the web share. */
export interface OrtRuntime {
  readonly Tensor: new (type: 'float32' | 'int32' | 'bool' | 'int64', data: never, dims: readonly number[]) => object
  readonly InferenceSession: {
    create(model: never, options: SessionSettings & { readonly executionProviders: readonly string[] }): Promise<OrtSession>
  }
}

/** What a session can be told beside its provider. */
export interface SessionSettings {
  readonly intraOpNumThreads?: number
}

interface OrtSession {
  run(feeds: never): Promise<Readonly<Record<string, { readonly data: unknown; readonly dims: readonly number[] }>>>
  release(): Promise<void>
}

/** A running session of onnxruntime. */
export class OrtEngine implements Engine {
  readonly provider: string
  readonly message: string
  private readonly runtime: OrtRuntime
  private readonly session: OrtSession

  private constructor(runtime: OrtRuntime, session: OrtSession, provider: string, message: string) {
    this.runtime = runtime
    this.session = session
    this.provider = provider
    this.message = message
  }

  /**
   * Starts a session.
   *
   * @param runtime the loaded package
   * @param model the file's bytes, or its path
   * @param provider an execution provider
   * @param message what the predictor says about itself
   * @param settings default: onnxruntime's own
   * @throws whatever onnxruntime says
   */
  static async start(
    runtime: OrtRuntime,
    model: Uint8Array | string,
    provider: string,
    message: string,
    settings: SessionSettings = {},
  ): Promise<OrtEngine> {
    const session = await runtime.InferenceSession.create(model as never, { ...settings, executionProviders: [provider] })
    return new OrtEngine(runtime, session, provider, message)
  }

  async run(feeds: Readonly<Record<string, Feed>>): Promise<Readonly<Record<string, OutputTensor>>> {
    const tensors = Object.fromEntries(Object.entries(feeds).map(([name, feed]) => [name, this.tensorOf(feed)]))
    const outputs = await this.session.run(tensors as never)
    return Object.fromEntries(
      Object.entries(outputs).map(([name, { data, dims }]) => [name, { data: data as OutputTensor['data'], shape: dims }]),
    )
  }

  async release(): Promise<void> {
    await this.session.release()
  }

  private tensorOf({ data, elementType, shape }: Feed): object {
    return new this.runtime.Tensor(elementType === 'float' ? 'float32' : elementType, data as never, shape)
  }
}
