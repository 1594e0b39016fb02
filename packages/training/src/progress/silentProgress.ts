import type { ProgressReporter } from './progressReporter.ts'

/** Reports nothing: the default of `fit`. */
export function silentProgress(): ProgressReporter {
  return {}
}
