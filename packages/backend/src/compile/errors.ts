/** A compiled step was called with something that it cannot take. */
export class StepArgumentError extends Error {
  readonly code = 'STEP_ARGUMENT'

  constructor(message: string) {
    super(message)
    this.name = 'StepArgumentError'
  }
}

/** TensorFlow failed while it ran a compiled step; no variable was changed. */
export class CompiledStepError extends Error {
  readonly code = 'COMPILED_STEP'

  constructor(message: string, options: ErrorOptions) {
    super(message, options)
    this.name = 'CompiledStepError'
  }
}

/** A check found that a compiled step no longer does what its function does. */
export class StaleGraphError extends Error {
  readonly code = 'STALE_GRAPH'

  constructor(message: string) {
    super(message)
    this.name = 'StaleGraphError'
  }
}
