import type * as tf from '@tensorflow/tfjs'
import type { TensorType, Value } from '../../ir/value.ts'
import { AXES_AS_INPUT } from '../../ops/reduction.ts'
import type { LoweringCall } from '../lowering.ts'
import { fusedRecurrence, hasFusedOperator } from './fusedRecurrence.ts'
import { reversed, swappedAxes } from './sequences.ts'

/** What all recurrent layers of tfjs have. */
export interface RecurrentLayer extends tf.layers.Layer {
  readonly cell: tf.layers.Layer
  readonly returnSequences: boolean
  readonly returnState: boolean
  readonly goBackwards: boolean
}

/** A recurrent layer's call. */
export interface Recurrence extends Pick<LoweringCall, 'tape' | 'needsCuda' | 'weightsOf' | 'lowerInner'> {
  readonly layer: RecurrentLayer
  /** [batch, length, ...] */
  readonly x: Value
  /** Empty: all zero. */
  readonly initialStates: readonly Value[]
  readonly mask?: Value | undefined
  /** Whether a sequence is turned round, as the second one of a bidirectional layer is. */
  readonly turned: boolean
}

/** What a recurrent layer makes; `output` is the sequence where the layer returns sequences. */
export interface RecurrenceResult {
  readonly output: Value
  readonly states: readonly Value[]
}

/**
 * Appends a recurrent layer: as ONNX's own operator where that computes the same (and, where a CUDA kernel is asked for, cuDNN knows it), else as a `Scan`
 * over the steps.
 */
export function recurrence(call: Recurrence): RecurrenceResult {
  return hasFusedOperator(call) ? fusedRecurrence(call) : scannedRecurrence(call)
}

/** The steps stand first, and are turned round outside of the operator, since more engines know a `Scan` of that form only. */
function scannedRecurrence(call: Recurrence): RecurrenceResult {
  const { layer, x, mask, tape, lowerInner } = call
  const states = call.initialStates.length > 0 ? call.initialStates : zeroStates(call)
  const sequences = (mask == null ? [x] : [x, mask]).map((sequence) => {
    const steps = swappedAxes(tape, sequence, 'steps_first')
    return layer.goBackwards ? reversed(tape, steps) : steps
  })
  const step = ({ type }: Value): TensorType => ({ ...type, shape: type.shape.slice(1) })
  const types = [...states.map(({ type }) => type), ...sequences.map(step)]
  let lastIsState = true
  const body = tape.body('step', types, (values) => {
    const before = values.slice(0, states.length)
    const [xOfStep, maskOfStep] = values.slice(states.length)
    const [output, ...after] = lowerInner(layer.cell, [xOfStep!, ...before])
    lastIsState = output === after[0]
    const needsOutput = layer.returnSequences || !lastIsState
    if (maskOfStep == null) return needsOutput ? [...after, output!] : after
    const kept = tape.op('Unsqueeze', [maskOfStep, tape.ints([1])], {}, 'mask')
    const dropped = tape.op('Sub', [tape.scalar(1), kept])
    const passed = (value: Value, state: Value): Value =>
      tape.op('Add', [tape.op('Mul', [value, kept]), tape.op('Mul', [state, dropped])], {}, 'masked')
    const passedStates = after.map((value, index) => passed(value, before[index]!))
    // A step that is passed over gives the first state again.
    const passedOutput = lastIsState ? passedStates[0]! : passed(output!, before[0]!)
    return needsOutput ? [...passedStates, passedOutput] : passedStates
  })
  const results = tape.ops('Scan', [...states, ...sequences], { body, num_scan_inputs: BigInt(sequences.length) }, 'scan')
  const finalStates = results.slice(0, states.length)
  const outputs = results.at(-1)!
  if (layer.returnSequences) {
    const turned = call.turned ? reversed(tape, outputs) : outputs
    return { output: swappedAxes(tape, turned, 'batch_first'), states: finalStates }
  }
  if (lastIsState) return { output: finalStates[0]!, states: finalStates }
  const last = tape.constant('index_-1', () => [BigInt64Array.from([-1n]), []])
  return { output: tape.op('Gather', [outputs, last], { axis: 0n }), states: finalStates }
}

/** Zeros of a state's shape for as many rows as x has; read off no shape, which a GPU would leave to the CPU. */
function zeroStates({ layer, x, tape }: Recurrence): readonly Value[] {
  const zeros = tape.op('Clip', [x, tape.scalar(0), tape.scalar(0)], {}, 'zeros')
  const axes = Array.from({ length: x.rank - 1 }, (_, axis) => axis + 1)
  const perRow =
    tape.opset >= AXES_AS_INPUT['ReduceSum']!
      ? tape.op('ReduceSum', [zeros, tape.ints(axes)], { keepdims: 1n }, 'zero')
      : tape.op('ReduceSum', [zeros], { axes: axes.map(BigInt), keepdims: 1n }, 'zero')
  // A step has one axis less than the sequence.
  const row = tape.op('Squeeze', [perRow, tape.ints([1])])
  return stateShapes(layer, x).map((shape) => {
    const size = shape.reduce((total, length) => total * length, 1)
    return tape.op(
      'Add',
      [row, tape.constant(`zeros_${shape.join('_')}`, () => [new Float32Array(size), shape])],
      {},
      'zero_state',
    )
  })
}

function stateShapes(layer: RecurrentLayer, x: Value): readonly (readonly number[])[] {
  const { stateSize } = layer.cell as unknown as { readonly stateSize: number | readonly number[] }
  const sizes = [stateSize].flat() as readonly number[]
  if (x.rank === 3) return sizes.map((size) => [size])
  // A convolutional layer: tfjs knows the size of its images.
  const inner = layer as unknown as { computeSingleOutputShape(shape: readonly unknown[]): readonly number[] }
  const shape = inner.computeSingleOutputShape(x.shape.map((size) => (typeof size === 'number' ? size : null))).slice(2)
  return sizes.map(() => shape)
}
