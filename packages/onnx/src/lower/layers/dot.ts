import type { Tape } from '../../ir/tape.ts'
import type { Value } from '../../ir/value.ts'
import { AXES_AS_INPUT } from '../../ops/reduction.ts'
import { fitted } from '../fitted.ts'
import type { Lowering } from '../lowering.ts'

/** Smallest sum of squares by which tfjs normalizes. */
const EPSILON = 1e-7

/** The products of two tensors of vectors along one axis of each. */
export const dot: Lowering = {
  leadingAxes: 'batch',
  passesMask: () => false,
  limits: 'not along the batch',
  unsupported: ({ config, inputs }) =>
    axesOf(
      config['axes'],
      inputs.map(({ shape }) => shape.length),
    ).includes(0)
      ? 'it multiplies along the batch'
      : undefined,
  lower: ({ config, inputs, tape }) => {
    const axes = axesOf(
      config['axes'],
      inputs.map(({ rank }) => rank),
    )
    const [x, y] = inputs.map((value, index) => (config['normalize'] === true ? normalized(tape, value, axes[index]!) : value))
    if (x!.rank === 2 && y!.rank === 2)
      return sum(
        tape,
        fitted(inputs, () => tape.op('Mul', [x, y])),
        1,
      )
    // [batch, rows, inner] times [batch, inner, columns], a vector being a matrix of one row or column.
    const left = x!.rank === 2 ? tape.op('Unsqueeze', [x, tape.ints([1])]) : axes[0] === 2 ? x! : transposed(tape, x!)
    const right = y!.rank === 2 ? tape.op('Unsqueeze', [y, tape.ints([2])]) : axes[1] === 1 ? y! : transposed(tape, y!)
    const product = fitted(inputs, () => tape.op('MatMul', [left, right]))
    if (x!.rank === 3 && y!.rank === 3) return product
    return tape.op('Squeeze', [product, tape.ints([x!.rank === 2 ? 1 : 2])])
  },
}

function axesOf(axes: unknown, ranks: readonly number[]): readonly number[] {
  const given = Array.isArray(axes) ? (axes as readonly number[]) : [axes as number, axes as number]
  return given.map((axis, index) => (axis < 0 ? axis + ranks[index]! : axis))
}

function transposed(tape: Tape, x: Value): Value {
  return tape.op('Transpose', [x], { perm: [0n, 2n, 1n] })
}

function normalized(tape: Tape, x: Value, axis: number): Value {
  const squares = sum(tape, tape.op('Mul', [x, x]), axis)
  return tape.op('Div', [x, tape.op('Sqrt', [tape.op('Max', [squares, tape.scalar(EPSILON)])])])
}

function sum(tape: Tape, x: Value, axis: number): Value {
  if (tape.opset >= AXES_AS_INPUT['ReduceSum']!) return tape.op('ReduceSum', [x, tape.ints([axis])], { keepdims: 1n })
  return tape.op('ReduceSum', [x], { axes: [BigInt(axis)], keepdims: 1n })
}
