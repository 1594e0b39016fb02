import type * as tf from '@tensorflow/tfjs'
import { recurrentProblem } from '../../cuda/checkCudaKernels.ts'
import type { Attributes } from '../../ir/node.ts'
import type { WeightData } from '../weights.ts'
import type { Recurrence, RecurrenceResult } from './recurrence.ts'
import { reversed, swappedAxes } from './sequences.ts'

/** ONNX's operators by the cells of tfjs: where tfjs's gates stand in ONNX's order, and which of the cell's activations it is given. */
const OPERATORS: Readonly<
  Record<string, { opType: string; gates: readonly number[]; activations: readonly string[]; attributes?: Attributes }>
> = {
  SimpleRNNCell: { opType: 'RNN', gates: [0], activations: ['activation'] },
  GRUCell: {
    opType: 'GRU',
    gates: [0, 1, 2],
    activations: ['recurrentActivation', 'activation'],
    attributes: { linear_before_reset: 0n },
  },
  // tfjs: input, forget, candidate, output; ONNX: input, output, forget, candidate.
  LSTMCell: { opType: 'LSTM', gates: [0, 3, 1, 2], activations: ['recurrentActivation', 'activation', 'activation'] },
}

/** The activations that onnxruntime's recurrent kernels know and compute as tfjs does. */
const ACTIVATIONS: Readonly<Record<string, string>> = {
  relu: 'Relu',
  tanh: 'Tanh',
  sigmoid: 'Sigmoid',
  hardSigmoid: 'HardSigmoid',
  softsign: 'Softsign',
  softplus: 'Softplus',
}

/** Whether ONNX's own operator computes a recurrent layer. */
export function hasFusedOperator({ layer, mask, needsCuda }: Recurrence): boolean {
  const operator = OPERATORS[layer.cell.getClassName()]
  if (operator == null || mask != null) return false
  const attributes = attributesOf(layer.cell)
  return attributes != null && !(needsCuda && recurrentProblem({ opType: operator.opType, attributes }) != null)
}

/** Appends a recurrent layer for which `hasFusedOperator` holds. */
export function fusedRecurrence(call: Recurrence): RecurrenceResult {
  const { layer, x, initialStates, tape, weightsOf } = call
  const { cell } = layer
  const { opType, gates } = OPERATORS[cell.getClassName()]!
  const { weightData, layerConstant } = weightsOf(cell)
  const kernel = layerConstant('kernel', () => kernelOf(weightData('kernel')!, gates))
  const recurrentKernel = layerConstant('recurrent_kernel', () => kernelOf(weightData('recurrent_kernel')!, gates))
  const bias = weightData('bias')
  const biasValue = bias == null ? undefined : layerConstant('bias', () => biasOf(bias, gates))
  const sequence = swappedAxes(tape, x, 'steps_first')
  const states = initialStates.map((state) => tape.op('Unsqueeze', [state, tape.ints([0])]))
  const attributes = {
    ...attributesOf(cell)!,
    hidden_size: BigInt((cell as unknown as { readonly units: number }).units),
    direction: layer.goBackwards ? 'reverse' : 'forward',
  }
  const inputs = [sequence, kernel, recurrentKernel, biasValue, undefined, ...states]
  while (inputs.at(-1) == null) inputs.pop()
  const [all, ...finals] = tape.ops(opType, inputs, attributes)
  const needsStates = layer.returnState || !layer.returnSequences
  const finalStates = needsStates ? finals.map((state) => tape.op('Squeeze', [state, tape.ints([0])])) : []
  if (!layer.returnSequences) return { output: finalStates[0]!, states: finalStates }
  const steps = tape.op('Squeeze', [all, tape.ints([1])])
  // ONNX leaves the steps of a reverse walk in the order of time; tfjs gives them in the order of the walk.
  const turned = layer.goBackwards !== call.turned ? reversed(tape, steps) : steps
  return { output: swappedAxes(tape, turned, 'batch_first'), states: finalStates }
}

function attributesOf(cell: tf.layers.Layer): Attributes | undefined {
  const { activations, attributes } = OPERATORS[cell.getClassName()]!
  const config = cell.getConfig()
  const names = activations.map((key) => ACTIVATIONS[config[key] as string])
  if (names.some((name) => name == null)) return undefined
  return { ...attributes, activations: names as string[] }
}

/** [inputs, gates * units] of tfjs as [1, gates * units, inputs]. */
function kernelOf({ data, shape }: WeightData, gates: readonly number[]): WeightData {
  const [inputs, width] = shape as readonly [number, number]
  const units = width / gates.length
  const result = new Float32Array(data.length)
  gates.forEach((from, to) => {
    for (let unit = 0; unit < units; unit++)
      for (let input = 0; input < inputs; input++)
        result[(to * units + unit) * inputs + input] = data[input * width + from * units + unit]!
  })
  return { data: result, shape: [1, width, inputs] }
}

/** [gates * units] of tfjs as [1, 2 * gates * units]: ONNX has a second bias, of the states. */
function biasOf({ data }: WeightData, gates: readonly number[]): WeightData {
  const units = data.length / gates.length
  const result = new Float32Array(2 * data.length)
  gates.forEach((from, to) => {
    result.set(data.subarray(from * units, (from + 1) * units), to * units)
  })
  return { data: result, shape: [1, 2 * data.length] }
}
