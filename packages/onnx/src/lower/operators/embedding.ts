import { InvalidModelError } from '../../errors.ts'
import type { Tape } from '../../ir/tape.ts'
import type { Value } from '../../ir/value.ts'
import type { OperatorLowering } from './operators.ts'

/** Rows of a table [inputDim, outputDim] by their indices, which tfjs has as float numbers. */
export const embedding: OperatorLowering = {
  leadingAxes: 'any',
  takesIndices: true,
  unsupported: (config) =>
    config['maskZero'] === true ? 'maskZero: ONNX has no masks, and layers behind would not know what to leave out' : undefined,
  fanIn: () => 1,
  arrange: (kernel) => kernel,
  apply: (tape, _, x, kernel) => tape.op('Gather', [kernel, indices(tape, x, kernel.shape[0] as number)], { axis: 0n }),
  applyDraws: ({ tape, x, drawn, kernel }) => {
    const [samples, rows, columns] = kernel.shape as readonly [number, number, number]
    const index = indices(tape, x, rows)
    if (!drawn) return tape.op('Gather', [kernel, index], { axis: 1n })
    // All tables are one, and a draw's indices begin where its table does.
    const starts = tape.initializer(
      BigInt64Array.from({ length: samples }, (_, sample) => BigInt(sample * rows)),
      [samples, ...Array<number>(x.rank - 1).fill(1)],
      'table_starts',
    )
    const whole = tape.op('Reshape', [kernel, tape.ints([samples * rows, columns])])
    return tape.op('Gather', [whole, tape.op('Add', [index, starts])], { axis: 0n })
  },
}

// Beyond, float16 leaves out integers.
const LAST_INDEX_IN_FLOAT16 = 2048

function indices(tape: Tape, x: Value, rows: number): Value {
  if (x.type.elementType === 'float16' && rows - 1 > LAST_INDEX_IN_FLOAT16) {
    throw new InvalidModelError(
      `An embedding of ${rows} rows takes its indices from a layer that computes in float16, which knows integers up to ${LAST_INDEX_IN_FLOAT16} only. Let it take them from the model's input, or export with precision: 'float32'.`,
    )
  }
  return tape.op('Cast', [x], { to: 7n }, 'indices')
}
