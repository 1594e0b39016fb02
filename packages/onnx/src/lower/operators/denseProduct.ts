import type { Tape } from '../../ir/tape.ts'
import type { Value } from '../../ir/value.ts'
import type { DrawnOperatorCall } from './operators.ts'

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

/** The same for each draw, one matrix product for all: kernel [samples, inputs, units], bias [samples, units]. */
export function denseProductOfDraws({ tape, x, drawn, kernel, bias }: DrawnOperatorCall): Value {
  // Axes between the batch and the last one stand against ones.
  const between = x.rank - (drawn ? 3 : 2)
  const aligned = (value: Value, axes: number): Value =>
    axes === 0 ? value : tape.op('Unsqueeze', [value, tape.ints(Array.from({ length: axes }, (_, axis) => axis + 1))])
  const product = tape.op('MatMul', [x, aligned(kernel, between)])
  return bias == null ? product : tape.op('Add', [product, aligned(bias, between + 1)])
}
