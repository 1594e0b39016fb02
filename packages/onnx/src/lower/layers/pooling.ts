import type * as tf from '@tensorflow/tfjs'
import type { Value } from '../../ir/value.ts'
import type { Slot } from '../../plan/modelPlan.ts'
import type { Lowering, LoweringCall, MomentsCall, UnloweredCall } from '../lowering.ts'
import type { Uncertain } from '../moments/gaussianMoments.ts'
import { maximumMomentsAlong, maxPoolingMoments } from '../moments/maxPoolingMoments.ts'
import type { WeightData } from '../weights.ts'
import {
  LIMIT_IN_3D,
  unsupportedWindow,
  type WindowSettings,
  windowAttributes,
  windowSettings,
  withChannelsFirst,
} from '../windows.ts'

/** Maximum and average over windows, or over all positions. */
export const poolingLowerings: Readonly<Record<string, Lowering>> = {
  MaxPooling1D: maxPooling(1),
  MaxPooling2D: maxPooling(2),
  MaxPooling3D: maxPooling(3),
  AveragePooling1D: averagePooling(1),
  AveragePooling2D: averagePooling(2),
  AveragePooling3D: averagePooling(3),
  GlobalMaxPooling1D: globalPooling('GlobalMaxPool'),
  GlobalMaxPooling2D: globalPooling('GlobalMaxPool'),
  GlobalAveragePooling1D: globalPooling('GlobalAveragePool'),
  GlobalAveragePooling2D: globalPooling('GlobalAveragePool'),
}

function maxPooling(axes: number): Lowering {
  const settingsOf = (config: tf.serialization.ConfigDict): WindowSettings => windowSettings(config, 'poolSize', axes)
  return {
    leadingAxes: 'batch',
    unsupported: ({ config, inputs }) => unsupportedWindow(settingsOf(config), inputs[0]!),
    ...(axes === 3 ? { limits: LIMIT_IN_3D } : {}),
    lower: ({ config, inputs, tape }) => {
      const settings = settingsOf(config)
      return withChannelsFirst(tape, inputs[0]!, settings, (first) =>
        tape.op('MaxPool', [first], windowAttributes(first, settings)),
      )
    },
    unsupportedMoments: ({ inputs }) => unknownSize(inputs[0]!),
    moments: ({ config, inputs, variances, tape }) =>
      maxPoolingMoments(tape, { mean: inputs[0]!, variance: variances[0]! }, settingsOf(config)),
  }
}

function averagePooling(axes: number): Lowering {
  const settingsOf = (config: tf.serialization.ConfigDict): WindowSettings => windowSettings(config, 'poolSize', axes)
  const lower = ({ config, inputs, tape }: LoweringCall): Value => {
    const settings = settingsOf(config)
    return withChannelsFirst(tape, inputs[0]!, settings, (first) =>
      tape.op('AveragePool', [first], windowAttributes(first, settings)),
    )
  }
  return {
    leadingAxes: 'batch',
    unsupported: ({ config, inputs }) => unsupportedWindow(settingsOf(config), inputs[0]!),
    ...(axes === 3 ? { limits: LIMIT_IN_3D } : {}),
    lower,
    unsupportedMoments: ({ config, inputs }) => (settingsOf(config).padding === 'valid' ? undefined : unknownSize(inputs[0]!)),
    // The variance of a mean of n independent elements is the mean of their variances over n; at a padded border n is smaller.
    moments: (call) => {
      const { variances, tape } = call
      const mean = lower(call)
      const settings = settingsOf(call.config)
      const average = tape.scope('variance', () => lower({ ...call, inputs: variances }))
      return {
        mean,
        variance: tape.op('Mul', [
          average,
          call.layerConstant(`one_over_window_${mean.shape.slice(1).join('_')}`, () =>
            oneOverWindow(call.inputs[0]!, mean, settings),
          ),
        ]),
      }
    },
  }
}

function globalPooling(opType: 'GlobalMaxPool' | 'GlobalAveragePool'): Lowering {
  const lower = ({ config, inputs, tape }: LoweringCall): Value => {
    const [x] = inputs
    const channelsFirst = config['dataFormat'] === 'channelsFirst'
    const spatial = Array.from({ length: x!.rank - 2 }, (_, axis) => axis + 1)
    const first = channelsFirst
      ? x!
      : tape.op('Transpose', [x], { perm: [0, x!.rank - 1, ...spatial].map(BigInt) }, 'channels_first')
    const pooled = tape.op(opType, [first])
    const channels = first.shape[1]!
    if (typeof channels === 'number') return tape.op('Reshape', [pooled, tape.ints([0, channels])])
    return tape.op('Squeeze', [pooled, tape.ints(spatial.map((axis) => axis + 1))])
  }
  const unsupportedMoments = ({ inputs }: UnloweredCall): string | undefined => unknownSize(inputs[0]!)
  const moments = opType === 'GlobalMaxPool' ? globalMaximumMoments : (call: MomentsCall) => globalAverageMoments(call, lower)
  return { leadingAxes: 'batch', lower, unsupportedMoments, moments }
}

function globalMaximumMoments({ config, inputs, variances, tape }: MomentsCall): Uncertain {
  const channelsFirst = config['dataFormat'] === 'channelsFirst'
  const shape = inputs[0]!.shape as readonly number[]
  const positions = (channelsFirst ? shape.slice(2) : shape.slice(1, -1)).reduce((a, b) => a * b, 1)
  const channels = shape.at(channelsFirst ? 1 : -1)!
  const flat = (x: Value): Value =>
    tape.op('Reshape', [x, tape.ints(channelsFirst ? [0, channels, positions] : [0, positions, channels])])
  const x = { mean: flat(inputs[0]!), variance: flat(variances[0]!) }
  const { mean, variance } = maximumMomentsAlong(tape, x, channelsFirst ? 2 : 1)
  const withoutPositions = (value: Value): Value => tape.op('Reshape', [value, tape.ints([0, channels])])
  return { mean: withoutPositions(mean), variance: withoutPositions(variance) }
}

function globalAverageMoments(call: MomentsCall, lower: (call: LoweringCall) => Value): Uncertain {
  const { config, inputs, variances, tape } = call
  const { shape } = inputs[0]!
  const sizes = (config['dataFormat'] === 'channelsFirst' ? shape.slice(2) : shape.slice(1, -1)) as readonly number[]
  const average = lower({ ...call, inputs: variances })
  return { mean: lower(call), variance: tape.op('Mul', [average, tape.scalar(1 / sizes.reduce((a, b) => a * b, 1))]) }
}

function unknownSize({ shape }: Slot): string | undefined {
  return shape.slice(1).some((size) => size == null)
    ? `an input of unknown size behind a Bayesian layer in mode 'moments'`
    : undefined
}

/** 1 / n for each window, n the elements of it that are not padding; broadcasts against the pooled tensor. */
function oneOverWindow(x: Value, pooled: Value, { size, strides, padding, channelsFirst }: WindowSettings): WeightData {
  const first = channelsFirst ? 2 : 1
  const perAxis = size.map((length, axis) => {
    const windows = pooled.shape[axis + first]
    if (padding !== 'same') return [length]
    const total = x.shape[axis + first] as number
    const padded = Math.max(((windows as number) - 1) * strides[axis]! + length - total, 0)
    const before = Math.floor(padded / 2)
    return Array.from({ length: windows as number }, (_, window) => {
      const start = window * strides[axis]! - before
      return Math.min(start + length, total) - Math.max(start, 0)
    })
  })
  const counts = perAxis.reduce<number[]>(
    (products, lengths) => products.flatMap((product) => lengths.map((length) => product * length)),
    [1],
  )
  const shape = perAxis.map((lengths) => lengths.length)
  return { data: Float32Array.from(counts, (count) => 1 / count), shape: channelsFirst ? shape : [...shape, 1] }
}
