import type * as tf from '@tensorflow/tfjs'
import type { Distribution } from '../distribution.ts'
import { NoClosedFormError } from '../errors.ts'
import type { Normal } from '../families/normal.ts'
import { klNormalNormal } from './normalNormal.ts'

type ClosedForm = (q: Distribution, p: Distribution) => tf.Tensor

const forms = new Map<string, ClosedForm>([[pair('normal', 'normal'), (q, p) => klNormalNormal(q as Normal, p as Normal)]])

/**
 * KL(q || p) by the formula for the pair of families, elementwise, in nats.
 *
 * @returns shape: the broadcast of both batch shapes
 * @throws NoClosedFormError when the pair has no formula here
 * @throws ShapeMismatchError when the batch shapes do not broadcast
 */
export function closedKl(q: Distribution, p: Distribution): tf.Tensor {
  const form = forms.get(pair(q.family, p.family))
  if (form != null) return form(q, p)
  throw new NoClosedFormError(
    `KL(${q.family} || ${p.family}) has no closed form here; known pairs: ${[...forms.keys()].join(', ')}. Use monteCarloKl with samples of q.`,
  )
}

/** Whether {@link closedKl} has a formula for this pair of families. */
export function hasClosedKl(q: Distribution, p: Distribution): boolean {
  return forms.has(pair(q.family, p.family))
}

function pair(q: string, p: string): string {
  return `${q} || ${p}`
}
