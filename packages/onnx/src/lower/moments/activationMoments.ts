import type { Tape } from '../../ir/tape.ts'
import { lowerActivation } from '../activation.ts'
import { rectifiedMoments, type Uncertain } from './gaussianMoments.ts'
import { quadratureMoments } from './quadratureMoments.ts'

/** Why an activation has no moments; undefined if it has: all that work element by element do. */
export function activationWithoutMoments(name: string): string | undefined {
  const mixing = name === 'softmax' || name === 'logSoftmax'
  return mixing
    ? `${name} mixes the elements of an uncertain tensor; mode 'moments' can do that at the model's end only`
    : undefined
}

/**
 * Appends what an activation makes of means and variances: exact for 'linear' and 'relu', else by quadrature with 12 nodes.
 *
 * @param name one without a reason in `activationWithoutMoments`
 */
export function activationMoments(tape: Tape, name: string, x: Uncertain): Uncertain {
  if (name === 'linear') return x
  if (name === 'relu') return rectifiedMoments(tape, x)
  return quadratureMoments(tape, x, (values) => lowerActivation(tape, name, values))
}
