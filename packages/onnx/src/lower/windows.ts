import type * as tf from '@tensorflow/tfjs'
import { InvalidModelError } from '../errors.ts'
import type { Attributes } from '../ir/node.ts'
import type { Tape } from '../ir/tape.ts'
import type { Dimension, Value } from '../ir/value.ts'
import type { Slot } from '../plan/modelPlan.ts'
import { fitted } from './fitted.ts'

/** The settings that convolutions and pooling of tfjs share, one number for each spatial axis. */
export interface WindowSettings {
  readonly size: readonly number[]
  readonly strides: readonly number[]
  readonly dilations: readonly number[]
  readonly padding: string
  readonly channelsFirst: boolean
}

/**
 * Reads the settings of a layer.
 *
 * @param config the layer's config
 * @param sizeKey where the window's size is: `kernelSize` or `poolSize`
 * @param axes number of spatial axes
 */
export function windowSettings(config: tf.serialization.ConfigDict, sizeKey: string, axes: number): WindowSettings {
  const list = (value: unknown, missing: number): readonly number[] =>
    Array.isArray(value) ? (value as number[]) : Array<number>(axes).fill(typeof value === 'number' ? value : missing)
  return {
    size: list(config[sizeKey], 1),
    strides: list(config['strides'], 1),
    dilations: list(config['dilationRate'], 1),
    padding: String(config['padding'] ?? 'valid'),
    channelsFirst: config['dataFormat'] === 'channelsFirst',
  }
}

/** What the table of layers says of `unsupportedWindow` in three dimensions. */
export const LIMIT_IN_3D: string =
  "padding 'same' not where it would be negative, as a window of 1 with a stride of 2 has it on an axis of even length: tfjs's backends disagree there"

/**
 * Why the settings have no counterpart; undefined if they have.
 *
 * @param input the layer's input
 */
export function unsupportedWindow(settings: WindowSettings, input: Slot): string | undefined {
  const { size, strides, dilations, padding, channelsFirst } = settings
  if (padding !== 'valid' && padding !== 'same') return `padding ${JSON.stringify(padding)}`
  if (padding === 'valid' || size.length < 3) return undefined
  // In one and two dimensions tfjs takes max(total, 0). In three (4.22) TensorFlow does so for convolutions and averages only and rounds half the total
  // towards 0 for maxima, while every other backend rounds it down.
  const first = channelsFirst ? 2 : 1
  for (const [axis, taps] of size.entries()) {
    const length = input.shape[axis + first]
    const reach = (taps - 1) * dilations[axis]! + 1
    const stride = strides[axis]!
    // What the last window finds: a whole stride at most.
    const rest = length == null ? stride : ((length - 1) % stride) + 1
    if (reach >= rest) continue
    const place = length == null ? 'an axis of unknown length' : `an axis of ${length}`
    return `padding 'same' for a window of ${reach} with a stride of ${stride} on ${place}, where tfjs's backends disagree about where the windows stand; padding 'valid' leaves no doubt`
  }
  return undefined
}

/**
 * The attributes of a window in ONNX.
 *
 * tfjs's 'same' puts the odd one of an uneven padding at the end, as SAME_UPPER does; where sizes are known the numbers are written out, since more
 * engines understand them.
 *
 * @param x [batch, channels, ...spatial]
 */
export function windowAttributes(x: Value, { size, strides, dilations, padding }: WindowSettings): Attributes {
  const attributes: Attributes = { kernel_shape: size.map(BigInt), strides: strides.map(BigInt) }
  const dilated = dilations.some((rate) => rate !== 1) ? { ...attributes, dilations: dilations.map(BigInt) } : attributes
  if (padding !== 'same') return dilated
  const lengths = x.shape.slice(2)
  const pads = lengths.map((length, axis) => {
    const reach = (size[axis]! - 1) * dilations[axis]! + 1
    return padsOf(length, reach, strides[axis]!)
  })
  if (pads.every((pair) => pair != null))
    return { ...dilated, pads: [...pads.map(([before]) => before), ...pads.map(([, after]) => after)].map(BigInt) }
  // onnxruntime computes a negative padding where a window is shorter than its stride.
  if (strides.some((stride, axis) => size[axis]! < stride) || dilations.some((rate) => rate !== 1)) {
    throw new InvalidModelError(
      `A window of [${size}] with the strides [${strides}] and padding 'same' needs to know the sizes of its input, which has the shape [${x.shape.join(', ')}]. Give the model's inputs full shapes.`,
    )
  }
  return { ...dilated, auto_pad: 'SAME_UPPER' }
}

/** How many elements 'same' adds before and behind an axis; undefined where that depends on a length that is not known. */
export function padsOf(length: Dimension, reach: number, stride: number): readonly [number, number] | undefined {
  if (typeof length === 'number') {
    const total = Math.max((Math.ceil(length / stride) - 1) * stride + reach - length, 0)
    return [Math.floor(total / 2), total - Math.floor(total / 2)]
  }
  if (stride === 1) return [Math.floor((reach - 1) / 2), Math.ceil((reach - 1) / 2)]
  // At most one element is missing, at the end; where it is not, no window gets so far.
  return reach <= 2 && reach <= stride ? [0, reach - 1] : undefined
}

/**
 * Runs work on [batch, channels, ...spatial], whatever the layer's format; the transposes around it go again where two meet (`cancelTransposes`).
 *
 * @param x the layer's input
 * @param work gives [batch, channels, ...spatial]
 */
export function withChannelsFirst(
  tape: Tape,
  x: Value,
  { channelsFirst }: { readonly channelsFirst: boolean },
  work: (x: Value) => Value,
): Value {
  if (channelsFirst) return fitted([x], () => work(x))
  const spatialAxes = Array.from({ length: x.rank - 2 }, (_, axis) => axis + 1)
  const first = tape.op('Transpose', [x], { perm: [0, x.rank - 1, ...spatialAxes].map(BigInt) }, 'channels_first')
  const y = fitted([x], () => work(first))
  return tape.op('Transpose', [y], { perm: [0, ...spatialAxes.map((axis) => axis + 1), 1].map(BigInt) }, 'channels_last')
}
