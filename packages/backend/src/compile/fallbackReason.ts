/** Why a step is not run as a graph. */
export type FallbackCode =
  /** The backend in use is not tfjs-node's. */
  | 'backend'
  /** The step reads tensor values into JavaScript. */
  | 'valuesRead'
  /** A value made in JavaScript differs from call to call: random numbers, a schedule, a counter. */
  | 'changingConstant'
  /** A tensor from outside the step, not an argument, is another one at each call. */
  | 'changingCapture'
  /** The step runs other ops at each call. */
  | 'changingOps'
  /** The step creates or disposes variables at each call. */
  | 'variableCreated'
  /** A tensor made in the step outlives it without being a result. */
  | 'keptTensor'
  /** A graph cannot hold an op of the step, or cannot give it the same meaning. */
  | 'unsupportedOp'
  /** A graph cannot take an argument or hand back the result. */
  | 'unsupportedValue'
  /** TensorFlow refused the graph. */
  | 'loadFailed'

/** Why a step is not run as a graph, in words that name the line or the op. */
export interface FallbackReason {
  readonly code: FallbackCode
  readonly message: string
}
