import type { Lowering } from '../lowering.ts'
import { operators } from '../operators/operators.ts'

/** Rows of a table. With maskZero, recurrent layers behind pass over index 0. */
export const embedding: Lowering = {
  leadingAxes: 'any',
  takesIndices: true,
  makesMask: (config) => config['maskZero'] === true,
  lower: ({ config, inputs, tape, weight }) =>
    operators.embedding.apply(tape, config, inputs[0]!, weight('embeddings')!, undefined),
  lowerMask: ({ inputs, tape }) => {
    const index = tape.op('Cast', [inputs[0]], { to: 7n }, 'indices')
    const zero = tape.op('Equal', [index, tape.ints([0])])
    return tape.op('Cast', [tape.op('Not', [zero])], { to: tape.isHalf ? 10n : 1n }, 'mask')
  },
}
