import type { FallbackReason } from './fallbackReason.ts'

export interface CompileOptions {
  /**
   * Whether to record a real step now and then and to compare it with the graph: `on` (the default) warns and starts anew where they
   * differ, `strict` throws a `StaleGraphError`, `off` trusts the graph for ever.
   */
  readonly check?: 'off' | 'on' | 'strict'
  /** How many runs of a graph lie between two checks; default 500. */
  readonly checkEvery?: number
  /** How many graphs (one per combination of argument shapes) are kept; default 16. */
  readonly maxGraphs?: number
  /** Where messages go; default `console.warn`. */
  readonly warn?: (message: string) => void
}

/** Figures about one graph. */
export interface GraphStats {
  /** Element type and shape of each argument. */
  readonly key: string
  readonly nodes: number
  /** Size of the GraphDef. */
  readonly bytes: number
  readonly traceMilliseconds: number
  readonly loadMilliseconds: number
  readonly runs: number
  /** Of the first run, in which TensorFlow optimizes the graph. */
  readonly firstRunMilliseconds: number
  /** Mean of the runs after the first. */
  readonly runMilliseconds: number
  /** How many variables stay in TensorFlow from step to step, so that their optimizer updates them in place. */
  readonly residentVariables: number
  /** Bytes of the variables that the step uses, and of captured tensors that are kept alive. */
  readonly variableBytes: number
  readonly capturedBytes: number
}

/** How a compiled step was run so far. */
export interface StepStats {
  readonly eagerCalls: number
  readonly recordedCalls: number
  readonly graphCalls: number
  readonly checks: number
  readonly graphs: readonly GraphStats[]
}

/** What is known about a compiled step. */
export interface StepGraphInfo {
  /** Whether calls with some shape already run as a graph. */
  readonly compiled: boolean
  /** Why calls are run eagerly, or undefined where nothing stands against a graph. */
  readonly reason: FallbackReason | undefined
  readonly stats: StepStats
  /** TensorFlow's `GraphDef` of the graph used last, or undefined before the first. */
  toGraphDef(): Uint8Array | undefined
}
