import type * as tf from '@tensorflow/tfjs'
import type { Lowering } from '../lowering.ts'
import type { WeightData } from '../weights.ts'

/** Layer normalization over any axes but the batch; ONNX's operator takes the last ones, so others are brought there and back. */
export const layerNormalization: Lowering = {
  leadingAxes: 'batch',
  unsupported: ({ config, inputs }) => {
    const { shape } = inputs[0]!
    const axes = axesOf(config, shape.length)
    if (axes.includes(0)) return 'it normalizes along the batch'
    return axes.some((axis) => shape[axis] == null) ? 'it normalizes along an axis of unknown size' : undefined
  },
  limits: 'along axes of known size, not the batch',
  lower: ({ config, inputs, tape, weightData, layerConstant }) => {
    const x = inputs[0]!
    const axes = axesOf(config, x.rank)
    const order = [...x.shape.keys()].filter((axis) => !axes.includes(axis))
    const first = order.length
    order.push(...axes)
    const isLast = order.every((axis, index) => axis === index)
    const arranged = isLast ? x : tape.op('Transpose', [x], { perm: order.map(BigInt) })
    const shape = arranged.shape.slice(first) as readonly number[]
    // The weights come in the order of the layer's axes, but tfjs reads their elements in the order of the input's.
    const ofShape = (weight: WeightData | undefined): WeightData => ({
      data: weight?.data ?? new Float32Array(shape.reduce((a, b) => a * b, 1)).fill(1),
      shape,
    })
    const scale = layerConstant('gamma', () => ofShape(weightData('gamma')))
    const beta = weightData('beta')
    const shift = beta == null ? [] : [layerConstant('beta', () => ofShape(beta))]
    const epsilon = config['epsilon'] as number
    const y = tape.op('LayerNormalization', [arranged, scale, ...shift], { axis: BigInt(first), epsilon })
    return isLast ? y : tape.op('Transpose', [y], { perm: order.map((_, axis) => BigInt(order.indexOf(axis))) })
  },
}

function axesOf(config: tf.serialization.ConfigDict, rank: number): readonly number[] {
  const axes = [config['axis']].flat() as readonly number[]
  return axes.map((axis) => (axis < 0 ? axis + rank : axis)).sort((a, b) => a - b)
}
