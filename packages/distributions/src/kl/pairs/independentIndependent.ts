import type * as tf from '@tensorflow/tfjs'
import { ShapeMismatchError } from '../../errors.ts'
import type { Independent } from '../../families/independent.ts'

/**
 * KL(independent q || independent p): the sum over the event of the members' divergences.
 *
 * @param member the divergence of the members, of the broadcast of their batch shapes
 * @throws ShapeMismatchError when the events have different shapes
 */
export function overEvent(q: Independent, p: Independent, member: (q: Independent, p: Independent) => tf.Tensor): tf.Tensor {
  if (String(q.eventShape) !== String(p.eventShape)) {
    throw new ShapeMismatchError(
      `KL(independent || independent): the events have shapes [${q.eventShape}] and [${p.eventShape}]; expected the same.`,
    )
  }
  return q.overEvent(member(q, p))
}
