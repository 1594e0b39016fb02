import type { Tape } from '../../ir/tape.ts'
import type { Value } from '../../ir/value.ts'
import { LAST } from '../../ops/shaping.ts'

/** [batch, steps, ...] from [steps, batch, ...], and back. */
export function swappedAxes(tape: Tape, x: Value, hint: string): Value {
  const rest = Array.from({ length: x.rank - 2 }, (_, axis) => BigInt(axis + 2))
  return tape.op('Transpose', [x], { perm: [1n, 0n, ...rest] }, hint)
}

/** [steps, ...] with the last step first. */
export function reversed(tape: Tape, steps: Value): Value {
  return tape.op('Slice', [steps, tape.ints([-1]), tape.ints([-LAST]), tape.ints([0]), tape.ints([-1])], {}, 'reversed')
}
