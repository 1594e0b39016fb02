import type { Value } from '../../ir/value.ts'
import type { Lowering, MomentsCall } from '../lowering.ts'
import type { Uncertain } from './gaussianMoments.ts'

/** A layer that only moves or repeats elements moves means and variances alike. */
export function rearranging(lowering: Lowering): Lowering {
  const moments = (call: MomentsCall): Uncertain => ({
    mean: one(lowering.lower(call)),
    variance: one(lowering.lower({ ...call, inputs: call.variances })),
  })
  return { ...lowering, moments }
}

function one(result: Value | readonly Value[]): Value {
  return Array.isArray(result) ? (result as readonly Value[])[0]! : (result as Value)
}
