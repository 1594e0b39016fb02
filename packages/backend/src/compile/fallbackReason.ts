/** Why a step is not run as a graph. */
export type FallbackCode =
  /** The backend in use is not tfjs-node's. */
  | 'backend'
  /** The step reads tensor values into JavaScript. */
  | 'values-read'
  /** A value made in JavaScript differs from call to call: random numbers, a schedule, a counter. */
  | 'changing-constant'
  /** A tensor from outside the step, not an argument, is another one at each call. */
  | 'changing-capture'
  /** The step runs other ops at each call. */
  | 'changing-ops'
  /** The step creates or disposes variables at each call. */
  | 'variable-created'
  /** A tensor made in the step outlives it without being a result. */
  | 'kept-tensor'
  /** A graph cannot hold an op of the step, or cannot give it the same meaning. */
  | 'unsupported-op'
  /** A graph cannot take an argument or hand back the result. */
  | 'unsupported-value'
  /** TensorFlow refused the graph. */
  | 'load-failed'

/** Why a step is not run as a graph, in words that name the line or the op. */
export interface FallbackReason {
  readonly code: FallbackCode
  readonly message: string
}
