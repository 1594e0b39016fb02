import * as tf from '@tensorflow/tfjs'

/** What a tfjs optimizer keeps in JavaScript and a graph therefore does not see. */
export interface OptimizerState {
  readonly optimizer: tf.Optimizer
  /** How often one step counts `optimizer.iterations` up. */
  readonly increments: number
  /** Learning rate, momentum, decay...: numbers that became constants of the graph. */
  readonly settings: ReadonlyMap<string, unknown>
}

interface CountingOptimizer {
  incrementIterations(): void
}

/**
 * Runs a function and notes which optimizers apply gradients in it.
 *
 * @returns the states of those optimizers, in the order of their first use
 */
export function watchOptimizers(run: () => void): OptimizerState[] {
  const prototype = tf.Optimizer.prototype as unknown as CountingOptimizer
  const original = prototype.incrementIterations
  const increments = new Map<tf.Optimizer, number>()
  prototype.incrementIterations = function (this: tf.Optimizer) {
    increments.set(this, (increments.get(this) ?? 0) + 1)
    original.call(this as unknown as CountingOptimizer)
  }
  try {
    run()
  } finally {
    prototype.incrementIterations = original
  }
  return [...increments].map(([optimizer, count]) => ({ optimizer, increments: count, settings: settingsOf(optimizer) }))
}

/** Counts up what a run of the graph did not. */
export function countIterations({ optimizer, increments }: OptimizerState): void {
  for (let i = 0; i < increments; i++) (optimizer as unknown as CountingOptimizer).incrementIterations()
}

/** The first setting that is no longer what it was, in words, or undefined. */
export function changedSetting({ optimizer, settings }: OptimizerState): string | undefined {
  const current = optimizer as unknown as Record<string, unknown>
  for (const [name, value] of settings) {
    if (!Object.is(current[name], value)) {
      return `${optimizer.getClassName()}.${name} changed from ${String(value)} to ${String(current[name])}`
    }
  }
  return undefined
}

/** Of two recordings' states the later, with only those settings that were the same in both: what changes at each step without changing the graph does not matter. */
export function stableSettings(before: readonly OptimizerState[], after: readonly OptimizerState[]): OptimizerState[] {
  return after.map((state) => {
    const earlier = before.find(({ optimizer }) => optimizer === state.optimizer)?.settings
    const settings = new Map(
      [...state.settings].filter(([name, value]) => earlier?.has(name) && Object.is(earlier.get(name), value)),
    )
    return { ...state, settings }
  })
}

function settingsOf(optimizer: tf.Optimizer): Map<string, unknown> {
  const settings = new Map<string, unknown>()
  for (const [name, value] of Object.entries(optimizer)) {
    if (name !== 'iterations_' && (typeof value === 'number' || typeof value === 'boolean' || typeof value === 'string'))
      settings.set(name, value)
  }
  return settings
}
