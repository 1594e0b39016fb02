import type { Lowering } from '../lowering.ts'
import { rearranging } from '../moments/rearranging.ts'

/** A layer that does nothing at inference. */
export const identity: Lowering = rearranging({
  leadingAxes: 'broadcast',
  takesIntegers: true,
  lower: ({ inputs }) => inputs[0]!,
})
