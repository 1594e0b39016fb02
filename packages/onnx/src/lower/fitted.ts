import { GraphInvariantError, InvalidModelError } from '../errors.ts'
import type { Value } from '../ir/value.ts'
import { showShape } from '../ops/dimensions.ts'

/**
 * Appends what may not fit in a model that tfjs builds all the same: where it does not know a size, it notices only when it computes.
 *
 * @param inputs what is put together, or taken apart
 * @param work appends it
 * @throws InvalidModelError where the shapes do not fit
 */
export function fitted<T>(inputs: readonly Value[], work: () => T): T {
  try {
    return work()
  } catch (error) {
    if (!(error instanceof GraphInvariantError)) throw error
    const shapes = inputs.map(({ shape }) => showShape(shape)).join(' and ')
    throw new InvalidModelError(
      `shapes that do not fit, of ${shapes}; tfjs would find that when it runs the model (${error.violations.join('; ')}).`,
    )
  }
}
