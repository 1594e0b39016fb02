import type { Lowering } from '../lowering.ts'
import { bidirectional } from './bidirectional.ts'
import { cellLowerings } from './cells.ts'
import { type RecurrentLayer, recurrence } from './recurrence.ts'
import { timeDistributed } from './timeDistributed.ts'
import { unsupportedRecurrence } from './unsupportedRecurrence.ts'

/** A layer that walks along a sequence with a cell. */
const recurrentLayer: Lowering = {
  leadingAxes: 'batch',
  masked: 'takes',
  passesMask: ({ layer }) => (layer as RecurrentLayer).returnSequences,
  limits: 'not stateful',
  unsupported: unsupportedRecurrence,
  lower: (call) => {
    const layer = call.layer as RecurrentLayer
    const [x, ...initialStates] = call.inputs
    const { output, states } = recurrence({ ...call, layer, x: x!, initialStates, turned: false })
    return layer.returnState ? [output, ...states] : output
  },
}

/** Recurrent layers, their cells, and the layers that put others on a sequence. */
export const recurrentLowerings: Readonly<Record<string, Lowering>> = {
  ...cellLowerings,
  SimpleRNN: recurrentLayer,
  GRU: recurrentLayer,
  LSTM: recurrentLayer,
  RNN: { ...recurrentLayer, limits: 'not stateful; a cell of your own needs a lowering of its own' },
  // tfjs cannot mask images.
  ConvLSTM2D: { ...recurrentLayer, masked: 'refuses', limits: 'not stateful; images of known size; no masks' },
  Bidirectional: bidirectional,
  TimeDistributed: timeDistributed,
}
