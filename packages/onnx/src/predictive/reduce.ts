import type { Tape } from '../ir/tape.ts'
import type { Value } from '../ir/value.ts'
import { AXES_AS_INPUT } from '../ops/reduction.ts'

/** Appends a sum, mean, minimum or maximum along one axis, which goes; ONNX moved the axes from an attribute to an input, for each operator at another opset. */
export function reduce(
  tape: Tape,
  opType: 'ReduceSum' | 'ReduceMean' | 'ReduceMin' | 'ReduceMax',
  x: Value,
  axis: number,
): Value {
  if (tape.opset >= AXES_AS_INPUT[opType]!) return tape.op(opType, [x, tape.ints([axis])], { keepdims: 0n })
  return tape.op(opType, [x], { axes: [BigInt(axis)], keepdims: 0n })
}
