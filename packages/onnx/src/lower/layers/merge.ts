import type { Value } from '../../ir/value.ts'
import type { Lowering, LoweringCall } from '../lowering.ts'

/** The layers that make one tensor of several. */
export const mergeLowerings: Readonly<Record<string, Lowering>> = {
  Add: pairwise('Add'),
  Multiply: pairwise('Mul'),
  Maximum: pairwise('Max'),
  Minimum: pairwise('Min'),
  Average: {
    leadingAxes: 'broadcast',
    lower: (call) => call.tape.op('Mul', [reduce('Add', call), call.tape.scalar(1 / call.inputs.length)]),
  },
  Concatenate: {
    leadingAxes: 'any',
    unsupported: ({ config, inputs }) =>
      axisFromEnd(config['axis'], inputs[0]!.shape.length) === -inputs[0]!.shape.length ? 'it joins batches' : undefined,
    lower: ({ config, inputs, slots, tape }) =>
      tape.op('Concat', inputs, { axis: BigInt(axisFromEnd(config['axis'], slots[0]!.shape.length)) }),
  },
}

function pairwise(opType: string): Lowering {
  return { leadingAxes: 'broadcast', lower: (call) => reduce(opType, call) }
}

function reduce(opType: string, { inputs, slots, tape }: LoweringCall): Value {
  const rank = Math.max(...slots.map((slot) => slot.shape.length))
  // Where ranks differ, tfjs inserts axes behind the batch.
  const aligned = inputs.map((input, index) => {
    const missing = rank - slots[index]!.shape.length
    return missing === 0
      ? input
      : tape.op('Unsqueeze', [input, tape.ints(Array.from({ length: missing }, (_, axis) => axis + 1 - rank))])
  })
  return aligned.slice(1).reduce((sum, input) => tape.op(opType, [sum, input]), aligned[0]!)
}

function axisFromEnd(axis: unknown, rank: number): number {
  const given = typeof axis === 'number' ? axis : -1
  return given < 0 ? given : given - rank
}
