import { InvalidWeightError } from '../../errors.ts'
import type { Value } from '../../ir/value.ts'
import type { Lowering, LoweringCall } from '../lowering.ts'
import type { WeightData } from '../weights.ts'

/**
 * Batch normalization with the moving statistics, folded to x * scale + shift when the file is written:
 * scale = gamma / sqrt(variance + epsilon), shift = beta - mean * scale.
 */
export const batchNormalization: Lowering = {
  leadingAxes: 'any',
  lower: (call) => {
    const { inputs, tape, layerConstant } = call
    const { scale, shift } = scaleAndShift(call)
    const scaled = tape.op('Mul', [inputs[0], layerConstant('scale', () => scale)])
    return tape.op('Add', [scaled, layerConstant('shift', () => shift)])
  },
  moments: (call) => {
    const { variances, tape, layerConstant } = call
    const { scale } = scaleAndShift(call)
    const squared = layerConstant('scale_squared', () => ({ ...scale, data: scale.data.map((value) => value * value) }))
    return { mean: batchNormalization.lower(call) as Value, variance: tape.op('Mul', [variances[0], squared]) }
  },
}

/** One number per channel, against the axes behind the channels. */
function scaleAndShift({ layer, config, slots, weightData }: LoweringCall): {
  readonly scale: WeightData
  readonly shift: WeightData
} {
  const rank = slots[0]!.shape.length
  const given = config['axis'] as number
  const axisFromEnd = given < 0 ? given : given - rank
  const mean = weightData('moving_mean')!.data
  const variance = weightData('moving_variance')!.data
  const gamma = weightData('gamma')?.data
  const beta = weightData('beta')?.data
  const epsilon = config['epsilon'] as number
  const negative = variance.findIndex((value) => value + epsilon <= 0)
  if (negative >= 0) {
    throw new InvalidWeightError(
      `Layer "${layer.name}": element ${negative} of moving_variance is ${variance[negative]}; expected a number above -epsilon = ${-epsilon}. ` +
        'No training makes one: load the weights again.',
    )
  }
  const scale = mean.map((_, i) => (gamma?.[i] ?? 1) / Math.sqrt(variance[i]! + epsilon))
  const shift = mean.map((value, i) => (beta?.[i] ?? 0) - value * scale[i]!)
  const along = (data: Float32Array): WeightData => ({ data, shape: [data.length, ...Array<number>(-axisFromEnd - 1).fill(1)] })
  return { scale: along(scale), shift: along(shift) }
}
