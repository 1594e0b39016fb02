import type { Lowering } from '../lowering.ts'
import { unsupportedWindow, windowAttributes, windowSettings, withChannelsFirst } from '../windows.ts'

/** Maximum and average over windows, or over all positions. */
export const poolingLowerings: Readonly<Record<string, Lowering>> = {
  MaxPooling1D: pooling('MaxPool', 1),
  MaxPooling2D: pooling('MaxPool', 2),
  MaxPooling3D: pooling('MaxPool', 3),
  AveragePooling1D: pooling('AveragePool', 1),
  AveragePooling2D: pooling('AveragePool', 2),
  AveragePooling3D: pooling('AveragePool', 3),
  GlobalMaxPooling1D: globalPooling('GlobalMaxPool'),
  GlobalMaxPooling2D: globalPooling('GlobalMaxPool'),
  GlobalAveragePooling1D: globalPooling('GlobalAveragePool'),
  GlobalAveragePooling2D: globalPooling('GlobalAveragePool'),
}

function pooling(opType: 'MaxPool' | 'AveragePool', axes: number): Lowering {
  return {
    leadingAxes: 'batch',
    unsupported: ({ config }) => unsupportedWindow(windowSettings(config, 'poolSize', axes)),
    lower: ({ config, inputs, tape }) => {
      const settings = windowSettings(config, 'poolSize', axes)
      return withChannelsFirst(tape, inputs[0]!, settings, (first) => tape.op(opType, [first], windowAttributes(first, settings)))
    },
  }
}

function globalPooling(opType: 'GlobalMaxPool' | 'GlobalAveragePool'): Lowering {
  return {
    leadingAxes: 'batch',
    lower: ({ config, inputs, tape }) => {
      const [x] = inputs
      const channelsFirst = config['dataFormat'] === 'channelsFirst'
      const spatial = Array.from({ length: x!.rank - 2 }, (_, axis) => axis + 1)
      const first = channelsFirst
        ? x!
        : tape.op('Transpose', [x], { perm: [0, x!.rank - 1, ...spatial].map(BigInt) }, 'channels_first')
      return tape.op('Reshape', [tape.op(opType, [first]), tape.ints([0, first.shape[1] as number])])
    },
  }
}
