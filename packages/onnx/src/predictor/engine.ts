/** A tensor that goes into a graph. */
export interface Feed {
  readonly data: Float32Array | Int32Array | Uint8Array | BigInt64Array
  readonly elementType: 'float' | 'int32' | 'bool' | 'int64'
  readonly shape: readonly number[]
}

/** A tensor that comes out of one. */
export interface OutputTensor {
  readonly data: Float32Array | Int32Array | Uint8Array | BigInt64Array
  readonly shape: readonly number[]
}

/** A session of some runtime: what a predictor needs of it. */
export interface Engine {
  /** What the graph runs on, e.g. 'cuda' or 'cpu'. */
  readonly provider: string
  /** One line: the provider and, if it is not the first that was asked for, why and what to do. */
  readonly message: string
  /** Runs the graph; the caller owns what comes out. */
  run(feeds: Readonly<Record<string, Feed>>): Promise<Readonly<Record<string, OutputTensor>>>
  release(): Promise<void>
}
