import { isGraph } from '../ir/node.ts'
import type { Dimension, TensorType } from '../ir/value.ts'
import { normalizeAxis, showShape } from './dimensions.ts'
import { type OpSchema, required, ShapeError } from './opSchema.ts'

/** Operators that walk along a sequence. */
export const recurrent: Readonly<Record<string, OpSchema>> = {
  LSTM: recurrence([1, 7, 14], { extraStates: ['Y_c?:T'], extraInputs: ['initial_c?:T', 'P?:T'] }),
  GRU: recurrence([1, 3, 7, 14], { extraStates: [], extraInputs: [] }),
  RNN: recurrence([1, 7, 14], { extraStates: [], extraInputs: [] }),
  Scan: {
    since: [8, 9, 11, 16, 19],
    inputs: ['initial_state_and_scan_inputs*:V'],
    outputs: ['final_state_and_scan_outputs*:V'],
    infer: (inputs, attributes) => {
      const { body } = attributes
      if (!isGraph(body)) throw new ShapeError('no body')
      const axisOf = (name: string, index: number): number =>
        Number((attributes[name] as readonly bigint[] | undefined)?.[index] ?? 0)
      const values = inputs.map((_, index) => required(inputs, index))
      const states = values.length - Number(attributes['num_scan_inputs'])
      const lengths = new Set<Dimension>()
      const given = values.map(({ type }, index): TensorType => {
        if (index < states) return type
        const axis = normalizeAxis(axisOf('scan_input_axes', index - states), type.shape.length)
        lengths.add(type.shape[axis]!)
        return { ...type, shape: type.shape.toSpliced(axis, 1) }
      })
      const taken = body.inputs.map(({ value }) => value.type)
      if (showTypes(given) !== showTypes(taken))
        throw new ShapeError(`the body takes ${showTypes(taken)}, not ${showTypes(given)}`)
      const [length] = lengths
      if (lengths.size !== 1) throw new ShapeError(`sequences of the lengths ${[...lengths].join(' and ')}`)
      const made = body.outputs.map(({ value }) => value.type)
      if (showTypes(made.slice(0, states)) !== showTypes(taken.slice(0, states)))
        throw new ShapeError(
          `the body makes ${showTypes(made.slice(0, states))} of the states ${showTypes(taken.slice(0, states))}`,
        )
      return made.map((type, index): TensorType => {
        if (index < states) return type
        const axis = normalizeAxis(axisOf('scan_output_axes', index - states), type.shape.length + 1)
        return { ...type, shape: type.shape.toSpliced(axis, 0, length!) }
      })
    },
  },
}

interface Extras {
  readonly extraStates: readonly string[]
  readonly extraInputs: readonly string[]
}

/** x [length, batch, inputs] gives [length, directions, batch, units] and the last states, [directions, batch, units] each. */
function recurrence(since: readonly number[], { extraStates, extraInputs }: Extras): OpSchema {
  return {
    since,
    inputs: ['X:T', 'W:T', 'R:T', 'B?:T', 'sequence_lens?:T1', 'initial_h?:T', ...extraInputs],
    outputs: ['Y?:T', 'Y_h?:T', ...extraStates],
    infer: (inputs, attributes) => {
      const [x, w, r] = [required(inputs, 0), required(inputs, 1), required(inputs, 2)]
      const units = Number(attributes['hidden_size'])
      if (x.rank !== 3 || x.shape[2] !== w.shape[2] || r.shape[2] !== units)
        throw new ShapeError(
          `x ${showShape(x.shape)}, kernels ${showShape(w.shape)} and ${showShape(r.shape)} for ${units} units`,
        )
      const directions = attributes['direction'] === 'bidirectional' ? 2 : 1
      const { elementType } = x.type
      const [length, batch] = x.shape as readonly [Dimension, Dimension]
      const state: TensorType = { elementType, shape: [directions, batch, units] }
      return [{ elementType, shape: [length, directions, batch, units] }, state, ...extraStates.map(() => state)]
    },
  }
}

function showTypes(types: readonly TensorType[]): string {
  return types.map(({ elementType, shape }) => `${elementType}${showShape(shape)}`).join(', ')
}
