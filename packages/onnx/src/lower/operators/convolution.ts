import { InvalidModelError } from '../../errors.ts'
import type { Tape } from '../../ir/tape.ts'
import type { Dimension, Value } from '../../ir/value.ts'
import { fitted } from '../fitted.ts'
import { transposeData } from '../transposeData.ts'
import {
  LIMIT_IN_3D,
  unsupportedWindow,
  type WindowSettings,
  windowAttributes,
  windowSettings,
  withChannelsFirst,
} from '../windows.ts'
import type { DrawnOperatorCall, OperatorLowering } from './operators.ts'

/**
 * The convolution over some axes: kernel [...size, inputs, filters] in tfjs, [filters, inputs, ...size] in ONNX.
 *
 * @param axes number of spatial axes
 */
export function convolution(axes: number): OperatorLowering {
  const size = Array.from({ length: axes }, (_, axis) => axis)
  return {
    leadingAxes: 'batch',
    unsupported: (config, input) => unsupportedWindow(windowSettings(config, 'kernelSize', axes), input),
    ...(axes === 3 ? { limits: LIMIT_IN_3D } : {}),
    fanIn: (shape) => product(shape.slice(0, -1)),
    arrange: (kernel) => transposeData(kernel, [axes + 1, axes, ...size]),
    apply: (tape, config, x, kernel, bias) => {
      const settings = windowSettings(config, 'kernelSize', axes)
      return withChannelsFirst(tape, x, settings, (first) =>
        tape.op('Conv', [first, kernel, ...optional(bias)], windowAttributes(first, settings)),
      )
    },
    applyDraws: (call) => groupedByDraw(call, windowSettings(call.config, 'kernelSize', axes), { groups: 1, conv: convOf }),
  }
}

/** Each channel by itself: kernel [h, w, inputs, multiplier] in tfjs, [inputs * multiplier, 1, h, w] and one group per channel in ONNX. */
export const depthwiseConvolution: OperatorLowering = {
  leadingAxes: 'batch',
  unsupported: (config, input) => unsupportedWindow(windowSettings(config, 'kernelSize', 2), input),
  fanIn: (shape) => product(shape.slice(0, 2)),
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
  applyDraws: (call) => {
    const settings = { ...windowSettings(call.config, 'kernelSize', 2), dilations: [1, 1] }
    const { value } = call.samplesAxis.repeated({ value: call.x, samples: call.drawn ? 'axis' : 'none' })
    const channels = value.shape.at(settings.channelsFirst ? 2 : -1) as number
    return groupedByDraw({ ...call, x: value, drawn: true }, settings, { groups: channels, conv: convOf })
  },
}

/** How one convolution is made for all draws. */
export interface GroupedConvolution {
  /** Groups within a draw. */
  readonly groups: number
  /** Appends it: x [batch, channels, ...], the kernels of all draws behind each other, and as many groups as are given. */
  readonly conv: (tape: Tape, settings: WindowSettings, inputs: readonly Value[], group: bigint) => Value
}

/**
 * One convolution for all draws: their output channels stand side by side, [batch, samples * filters, ...], and where each draw has an input of its own,
 * so do the input channels, in groups.
 */
export function groupedByDraw(
  { tape, x, drawn, kernel, bias }: DrawnOperatorCall,
  settings: WindowSettings,
  { groups, conv }: GroupedConvolution,
): Value {
  const samples = kernel.shape[0] as number
  const merged = (value: Value): Value => tape.op('Reshape', [value, tape.ints([-1, ...(value.shape.slice(2) as number[])])])
  const spatial = Array.from({ length: x.rank - (drawn ? 3 : 2) }, (_, axis) => axis)
  let first: Value
  if (drawn) {
    const order = settings.channelsFirst
      ? [1, 0, 2, ...spatial.map((axis) => axis + 3)]
      : [1, 0, x.rank - 1, ...spatial.map((axis) => axis + 2)]
    const sideBySide = tape.op('Transpose', [x], { perm: order.map(BigInt) }, 'draws_side_by_side')
    const [, , channels, ...sizes] = sideBySide.shape
    first = tape.op('Reshape', [sideBySide, tape.ints([0, samples * (channels as number), ...known(sizes, x)])])
  } else {
    const order = settings.channelsFirst ? x.shape.map((_, axis) => axis) : [0, x.rank - 1, ...spatial.map((axis) => axis + 1)]
    first = tape.op('Transpose', [x], { perm: order.map(BigInt) }, 'channels_first')
  }
  const inputs = [first, merged(kernel), ...optional(bias == null ? undefined : merged(bias))]
  const y = fitted([x], () => conv(tape, settings, inputs, BigInt(drawn ? samples * groups : groups)))
  const apart = tape.op('Reshape', [y, tape.ints([0, samples, (y.shape[1] as number) / samples, ...known(y.shape.slice(2), x)])])
  const back = settings.channelsFirst
    ? [1, 0, 2, ...spatial.map((axis) => axis + 3)]
    : [1, 0, ...spatial.map((axis) => axis + 3), 2]
  return tape.op('Transpose', [apart], { perm: back.map(BigInt) }, 'draws_first')
}

function known(sizes: readonly Dimension[], x: Value): readonly number[] {
  if (sizes.every((size) => typeof size === 'number')) return sizes
  throw new InvalidModelError(
    `A convolution with drawn weights needs to know the sizes of its input, which has the shape [${x.shape.join(', ')}]. Give the model's inputs full shapes.`,
  )
}

function convOf(tape: Tape, settings: WindowSettings, inputs: readonly Value[], group: bigint): Value {
  return tape.op('Conv', inputs, { ...windowAttributes(inputs[0]!, settings), group })
}

function product(sizes: readonly number[]): number {
  return sizes.reduce((total, size) => total * size, 1)
}

function optional<T>(value: T | undefined): readonly T[] {
  return value == null ? [] : [value]
}
