import type { Attributes } from '../../ir/node.ts'
import { transposeData } from '../transposeData.ts'
import { LIMIT_IN_3D, unsupportedWindow, type WindowSettings, windowSettings, withChannelsFirst } from '../windows.ts'
import { groupedByDraw } from './convolution.ts'
import type { OperatorLowering } from './operators.ts'

/**
 * The transposed convolution over some axes: kernel [...size, filters, inputs] in tfjs, [inputs, filters, ...size] in ONNX.
 *
 * @param axes number of spatial axes
 */
export function transposedConvolution(axes: number): OperatorLowering {
  const settingsOf = (config: Parameters<typeof windowSettings>[0]): WindowSettings => windowSettings(config, 'kernelSize', axes)
  return {
    leadingAxes: 'batch',
    unsupported: (config, input) => {
      const settings = settingsOf(config)
      if (settings.dilations.some((rate) => rate !== 1)) return `dilationRate ${settings.dilations}`
      // Its windows stand on its output.
      const first = settings.channelsFirst ? 2 : 1
      const shape = input.shape.map((size, axis) => (size == null ? null : size * (settings.strides[axis - first] ?? 1)))
      return unsupportedWindow(settings, { ...input, shape })
    },
    ...(axes === 3 ? { limits: LIMIT_IN_3D } : {}),
    fanIn: (shape) => shape.toSpliced(-2, 1).reduce((total, size) => total * size, 1),
    arrange: (kernel) => transposeData(kernel, [axes + 1, axes, ...kernel.shape.slice(0, axes).keys()]),
    apply: (tape, config, x, kernel, bias) => {
      const settings = settingsOf(config)
      return withChannelsFirst(tape, x, settings, (first) =>
        tape.op('ConvTranspose', [first, kernel, ...(bias == null ? [] : [bias])], attributesOf(settings)),
      )
    },
    applyDraws: (call) => {
      // The kernel has the inputs in front, so that draws cannot stand side by side on one input: each gets its own.
      const { value } = call.samplesAxis.repeated({ value: call.x, samples: call.drawn ? 'axis' : 'none' })
      return groupedByDraw({ ...call, x: value, drawn: true }, settingsOf(call.config), {
        groups: 1,
        conv: (tape, settings, inputs, group) => tape.op('ConvTranspose', inputs, { ...attributesOf(settings), group }),
      })
    },
  }
}

/**
 * tfjs gives size * stride for 'same', and for 'valid' max(kernel - stride, 0) more; ONNX (size - 1) * stride + kernel, less the pads. What a kernel shorter
 * than the stride leaves out stands at the end.
 */
function attributesOf({ size, strides, padding }: WindowSettings): Attributes {
  const overlap = size.map((taps, axis) => Math.max(taps - strides[axis]!, 0))
  const cut = overlap.map((total) => (padding === 'same' ? total : 0))
  const before = cut.map((total) => Math.floor(total / 2))
  const missing = size.map((taps, axis) => Math.max(strides[axis]! - taps, 0))
  return {
    kernel_shape: size.map(BigInt),
    strides: strides.map(BigInt),
    pads: [...before, ...cut.map((total, axis) => total - before[axis]!)].map(BigInt),
    ...(missing.some((rows) => rows > 0) ? { output_padding: missing.map(BigInt) } : {}),
  }
}
