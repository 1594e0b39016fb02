import type { Value } from '../../ir/value.ts'
import type { Lowering } from '../lowering.ts'
import { transposeData } from '../transposeData.ts'
import type { WeightData } from '../weights.ts'
import { unsupportedWindow, type WindowSettings, windowAttributes, windowSettings, withChannelsFirst } from '../windows.ts'
import { lstmStep, unsupportedActivation } from './lstmStep.ts'

/** An LSTM whose products are convolutions (Shi et al., 2015, without peepholes): states [batch, height, width, filters]. */
export const convLstmCell: Lowering = {
  leadingAxes: 'batch',
  unsupported: ({ config, inputs }) => {
    const { shape } = inputs[0]!
    if (shape.slice(1).some((size) => size == null)) return 'images of unknown size'
    return unsupportedActivation({ config }) ?? unsupportedWindow(windowSettings(config, 'kernelSize', 2), inputs[0]!)
  },
  lower: ({ config, inputs: [x, h, c], tape, weight }) => {
    const settings = windowSettings(config, 'kernelSize', 2)
    const ofState: WindowSettings = { ...settings, strides: [1, 1], dilations: [1, 1], padding: 'same' }
    const bias = weight('bias')
    const convolved = (value: Value, kernel: string, window: WindowSettings, add: readonly Value[]): Value =>
      withChannelsFirst(tape, value, window, (first) =>
        tape.op('Conv', [first, weight(kernel, arranged), ...add], windowAttributes(first, window)),
      )
    const ofInput = convolved(x!, 'kernel', settings, bias == null ? [] : [bias])
    const sums = tape.op('Add', [ofInput, convolved(h!, 'recurrent_kernel', ofState, [])])
    const filters = config['filters'] as number
    const axis = settings.channelsFirst ? 1n : 3n
    const parts = tape.ops('Split', [sums, tape.ints(Array<number>(4).fill(filters))], { axis })
    return lstmStep(tape, config, parts, c!)
  },
}

/** Kernels of a convolution from tfjs's order to ONNX's. */
function arranged(kernel: WeightData): WeightData {
  return transposeData(kernel, [3, 2, 0, 1])
}
