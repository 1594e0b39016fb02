import type { Lowering } from '../lowering.ts'

/** A layer that does nothing at inference. */
export const identity: Lowering = { leadingAxes: 'broadcast', lower: ({ inputs }) => inputs[0]! }
