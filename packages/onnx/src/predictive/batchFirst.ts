import type { Tape } from '../ir/tape.ts'
import type { Value } from '../ir/value.ts'

/** Draws [samples, batch, ...] as [batch, samples, ...]: a caller, and a server, joins and cuts outputs along the batch. */
export function batchFirst(tape: Tape, draws: Value): Value {
  const order = [1, 0, ...Array.from({ length: draws.rank - 2 }, (_, axis) => axis + 2)]
  return tape.op('Transpose', [draws], { perm: order.map(BigInt) }, 'draws')
}
