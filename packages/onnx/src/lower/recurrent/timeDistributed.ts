import type * as tf from '@tensorflow/tfjs'
import type { Value } from '../../ir/value.ts'
import type { Slot } from '../../plan/modelPlan.ts'
import type { Lowering, LoweringCall } from '../lowering.ts'

/** A layer on each step of a sequence, as if the steps were rows of the batch. */
export const timeDistributed: Lowering = {
  leadingAxes: 'batch',
  masked: 'refuses',
  limits: 'behind a mask not; sizes of a step must be known',
  unsupported: ({ layer, inputs, outputs, reasonAgainst }) => {
    const [input, output] = [inputs[0]!, outputs[0]!].map((slot): Slot => ({ ...slot, shape: slot.shape.toSpliced(1, 1) }))
    if (input!.shape.slice(1).some((size) => size == null)) return 'steps of unknown size'
    return reasonAgainst(innerOf(layer), [input!], [output!])
  },
  lower: ({ layer, inputs, tape, lowerInner }) => {
    const x = inputs[0]!
    const [batch, length, ...sizes] = x.shape
    const rows = tape.op('Reshape', [x, tape.ints([-1, ...(sizes as number[])])], {}, 'steps_as_rows')
    const [y] = lowerInner(innerOf(layer), [rows])
    const rest = y!.shape.slice(1) as readonly number[]
    if (typeof length === 'number') return tape.op('Reshape', [y, tape.ints([-1, length, ...rest])], {}, 'steps')
    if (typeof batch === 'number') return tape.op('Reshape', [y, tape.ints([batch, -1, ...rest])], {}, 'steps')
    return unfolded({ tape }, x, y!, rest)
  },
}

function innerOf(layer: unknown): tf.layers.Layer {
  return (layer as { readonly layer: tf.layers.Layer }).layer
}

/** Neither rows nor steps are known: their numbers are read off the input when the graph runs. */
function unfolded({ tape }: Pick<LoweringCall, 'tape'>, x: Value, y: Value, rest: readonly number[]): Value {
  const leading = tape.op('Shape', [x], { start: 0n, end: 2n })
  return tape.op('Reshape', [y, tape.op('Concat', [leading, tape.ints(rest)], { axis: 0n })], {}, 'steps')
}
