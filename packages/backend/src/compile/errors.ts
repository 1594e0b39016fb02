/** TensorFlow failed while it ran a compiled step; no variable was changed. */
export class CompiledStepError extends Error {
  override readonly name = 'CompiledStepError'
  readonly code = 'compiled-step-failed'
}

/** A check found that a compiled step no longer does what its function does. */
export class StaleGraphError extends Error {
  override readonly name = 'StaleGraphError'
  readonly code = 'stale-graph'
}
