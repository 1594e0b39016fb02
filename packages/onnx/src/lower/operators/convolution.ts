import { transposeData } from '../transposeData.ts'
import { unsupportedWindow, windowAttributes, windowSettings, withChannelsFirst } from '../windows.ts'
import type { OperatorLowering } from './operators.ts'

/**
 * The convolution over some axes: kernel [...size, inputs, filters] in tfjs, [filters, inputs, ...size] in ONNX.
 *
 * @param axes number of spatial axes
 */
export function convolution(axes: number): OperatorLowering {
  const size = Array.from({ length: axes }, (_, axis) => axis)
  return {
    leadingAxes: 'batch',
    unsupported: (config) => unsupportedWindow(windowSettings(config, 'kernelSize', axes)),
    arrange: (kernel) => transposeData(kernel, [axes + 1, axes, ...size]),
    apply: (tape, config, x, kernel, bias) => {
      const settings = windowSettings(config, 'kernelSize', axes)
      return withChannelsFirst(tape, x, settings, (first) =>
        tape.op('Conv', [first, kernel, ...optional(bias)], windowAttributes(first, settings)),
      )
    },
  }
}

/** Each channel by itself: kernel [h, w, inputs, multiplier] in tfjs, [inputs * multiplier, 1, h, w] and one group per channel in ONNX. */
export const depthwiseConvolution: OperatorLowering = {
  leadingAxes: 'batch',
  unsupported: (config) => unsupportedWindow(windowSettings(config, 'kernelSize', 2)),
  arrange: (kernel) => {
    const { data, shape } = transposeData(kernel, [2, 3, 0, 1])
    return { data, shape: [shape[0]! * shape[1]!, 1, ...shape.slice(2)] }
  },
  apply: (tape, config, x, kernel, bias) => {
    // tfjs's own layer ignores its dilation.
    const settings = { ...windowSettings(config, 'kernelSize', 2), dilations: [1, 1] }
    return withChannelsFirst(tape, x, settings, (first) => {
      const group = BigInt(first.shape[1] as number)
      return tape.op('Conv', [first, kernel, ...optional(bias)], { ...windowAttributes(first, settings), group })
    })
  },
}

function optional<T>(value: T | undefined): readonly T[] {
  return value == null ? [] : [value]
}
