import type * as tf from '@tensorflow/tfjs'
import type { Value } from '../../ir/value.ts'
import { lowerActivation } from '../activation.ts'
import type { LayerWeights, Lowering, LoweringCall } from '../lowering.ts'
import type { WeightData } from '../weights.ts'
import { convLstmCell } from './convLstmCell.ts'
import { lstmStep, unsupportedActivation } from './lstmStep.ts'

/** One step of the recurrent layers, for the body of a `Scan`: inputs [x, ...states], outputs [output, ...states]. */
export const cellLowerings: Readonly<Record<string, Lowering>> = {
  SimpleRNNCell: {
    leadingAxes: 'batch',
    unsupported: unsupportedActivation,
    lower: ({ config, inputs: [x, h], tape, weight }) => {
      const ofInput = withBias(tape, tape.op('MatMul', [x, weight('kernel')]), weight('bias'))
      const sum = tape.op('Add', [ofInput, tape.op('MatMul', [h, weight('recurrent_kernel')])])
      const y = lowerActivation(tape, config['activation'] as string, sum)
      return [y, y]
    },
  },
  // Cho et al., 2014, with the reset gate before the product: h = z h + (1 - z) f(x W + (r h) U).
  GRUCell: {
    leadingAxes: 'batch',
    unsupported: unsupportedActivation,
    lower: ({ config, inputs: [x, h], tape, weight, layerConstant, weightData }) => {
      const units = config['units'] as number
      const recurrent = (from: number, to: number): WeightData => columns(weightData('recurrent_kernel')!, from, to)
      const gateKernel = layerConstant('recurrent_kernel_of_gates', () => recurrent(0, 2 * units))
      const candidateKernel = layerConstant('recurrent_kernel_of_candidate', () => recurrent(2 * units, 3 * units))
      const ofInput = withBias(tape, tape.op('MatMul', [x, weight('kernel')]), weight('bias'))
      const [inputOfGates, inputOfCandidate] = tape.ops('Split', [ofInput, tape.ints([2 * units, units])], { axis: 1n })
      const gateSum = tape.op('Add', [inputOfGates, tape.op('MatMul', [h, gateKernel])])
      const [z, r] = tape
        .ops('Split', [gateSum, tape.ints([units, units])], { axis: 1n })
        .map((sum) => lowerActivation(tape, config['recurrentActivation'] as string, sum))
      const candidateSum = tape.op('Add', [inputOfCandidate, tape.op('MatMul', [tape.op('Mul', [r, h]), candidateKernel])])
      const candidate = lowerActivation(tape, config['activation'] as string, candidateSum)
      const kept = tape.op('Mul', [z, h])
      const y = tape.op('Add', [kept, tape.op('Mul', [tape.op('Sub', [tape.scalar(1), z]), candidate])], {}, 'state')
      return [y, y]
    },
  },
  // Hochreiter and Schmidhuber, 1997, with the forget gate of Gers et al., 2000.
  LSTMCell: {
    leadingAxes: 'batch',
    unsupported: unsupportedActivation,
    lower: ({ config, inputs: [x, h, c], tape, weight }) => {
      const units = config['units'] as number
      const products = tape.op('Add', [
        tape.op('MatMul', [x, weight('kernel')]),
        tape.op('MatMul', [h, weight('recurrent_kernel')]),
      ])
      const parts = tape.ops('Split', [withBias(tape, products, weight('bias')), tape.ints(Array<number>(4).fill(units))], {
        axis: 1n,
      })
      return lstmStep(tape, config, parts, c!)
    },
  },
  ConvLSTM2DCell: convLstmCell,
  StackedRNNCells: {
    leadingAxes: 'batch',
    unsupported: ({ layer, inputs: [x, ...states], reasonAgainst }) => {
      let below = x!
      let rest = states
      for (const cell of cellsOf(layer)) {
        // The states of the last cell come first.
        const own = rest.slice(rest.length - stateCount(cell))
        rest = rest.slice(0, rest.length - own.length)
        const reason = reasonAgainst(cell, [below, ...own], [own[0]!, ...own])
        if (reason != null) return reason
        below = own[0]!
      }
      return undefined
    },
    lower: ({ layer, inputs: [x, ...states], tape, lowerInner }) => {
      let below = x!
      let rest = states
      let newStates: readonly Value[] = []
      cellsOf(layer).forEach((cell, index) => {
        const own = rest.slice(rest.length - stateCount(cell))
        rest = rest.slice(0, rest.length - own.length)
        const [output, ...ownNew] = tape.scope(`cell_${index}`, () => lowerInner(cell, [below, ...own]))
        below = output!
        newStates = [...ownNew, ...newStates]
      })
      return [below, ...newStates]
    },
  },
}

/** How many states a cell has. */
function stateCount(cell: tf.layers.Layer): number {
  return [(cell as unknown as { readonly stateSize: number | readonly number[] }).stateSize].flat().length
}

function cellsOf(layer: tf.layers.Layer): readonly tf.layers.Layer[] {
  return (layer as unknown as { readonly cells: readonly tf.layers.Layer[] }).cells
}

function withBias(tape: LoweringCall['tape'], x: Value, bias: ReturnType<LayerWeights['weight']>): Value {
  return bias == null ? x : tape.op('Add', [x, bias])
}

function columns({ data, shape }: WeightData, from: number, to: number): WeightData {
  const [rows, width] = shape as readonly [number, number]
  const part = new Float32Array(rows * (to - from))
  for (let row = 0; row < rows; row++) part.set(data.subarray(row * width + from, row * width + to), row * (to - from))
  return { data: part, shape: [rows, to - from] }
}
