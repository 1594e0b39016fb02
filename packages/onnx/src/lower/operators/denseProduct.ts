import type { Tape } from '../../ir/tape.ts'
import type { Value } from '../../ir/value.ts'

/**
 * Appends x * kernel + bias over the last axis.
 *
 * @param x [..., inputs]
 * @param kernel [inputs, units]
 * @param bias [units]
 * @returns [..., units]
 */
export function denseProduct(tape: Tape, x: Value, kernel: Value, bias: Value | undefined): Value {
  // Gemm adds the bias on the way, but takes matrices only.
  if (x.rank === 2 && bias != null) return tape.op('Gemm', [x, kernel, bias])
  const product = tape.op('MatMul', [x, kernel])
  return bias == null ? product : tape.op('Add', [product, bias])
}
