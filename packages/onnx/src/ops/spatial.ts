import type { Attributes } from '../ir/node.ts'
import type { Dimension, TensorType, Value } from '../ir/value.ts'
import { product, showShape } from './dimensions.ts'
import { type OpSchema, required, ShapeError, sizesOf } from './opSchema.ts'

/** Convolutions and pooling: [batch, channels, ...spatial]. */
export const spatial: Readonly<Record<string, OpSchema>> = {
  Conv: {
    since: [1, 11],
    inputs: ['X:T', 'W:T', 'B?:T'],
    outputs: ['Y:T'],
    infer: (inputs, attributes) => {
      const [x, w] = [required(inputs, 0), required(inputs, 1)]
      const group = Number(attributes['group'] ?? 1n)
      if (x.rank !== w.rank || product([group, w.shape[1]!]) !== x.shape[1]) {
        throw new ShapeError(`x ${showShape(x.shape)} and kernel ${showShape(w.shape)} in ${group} groups`)
      }
      const kernel = w.shape.slice(2) as readonly number[]
      return [{ elementType: x.type.elementType, shape: [x.shape[0]!, w.shape[0]!, ...windows(x, kernel, attributes)] }]
    },
  },
  ConvTranspose: {
    since: [1, 11],
    inputs: ['X:T', 'W:T', 'B?:T'],
    outputs: ['Y:T'],
    infer: (inputs, attributes) => {
      const [x, w] = [required(inputs, 0), required(inputs, 1)]
      const group = Number(attributes['group'] ?? 1n)
      if (x.rank !== w.rank || w.shape[0] !== x.shape[1]) {
        throw new ShapeError(`x ${showShape(x.shape)} and kernel ${showShape(w.shape)} in ${group} groups`)
      }
      const filters = product([group, w.shape[1]!])
      const kernel = w.shape.slice(2) as readonly number[]
      return [{ elementType: x.type.elementType, shape: [x.shape[0]!, filters, ...spreadWindows(x, kernel, attributes)] }]
    },
  },
  Resize: {
    since: [10, 11, 13, 18, 19],
    inputs: ['X:T1', 'roi?:T2', 'scales?:float', 'sizes?:int64'],
    outputs: ['Y:T1'],
    infer: (inputs) => {
      const x = required(inputs, 0)
      const sizes = inputs[3] == null ? undefined : sizesOf(inputs[3])
      const scales = inputs[2]?.data instanceof Float32Array ? inputs[2].data : undefined
      if (sizes == null && scales == null) throw new ShapeError('neither scales nor sizes are known')
      if ((sizes ?? scales!).length !== x.rank)
        throw new ShapeError(`${(sizes ?? scales!).length} sizes for ${showShape(x.shape)}`)
      const shape = sizes ?? x.shape.map((size, axis) => scaledSize(size, scales![axis]!))
      return [{ elementType: x.type.elementType, shape }]
    },
  },
  MaxPool: { since: [1, 8, 10, 11, 12], inputs: ['X:T'], outputs: ['Y:T', 'Indices?:I'], infer: pooled },
  AveragePool: { since: [1, 7, 10, 11, 19], inputs: ['X:T'], outputs: ['Y:T'], infer: pooled },
  GlobalMaxPool: { since: [1], inputs: ['X:T'], outputs: ['Y:T'], infer: globallyPooled },
  GlobalAveragePool: { since: [1], inputs: ['X:T'], outputs: ['Y:T'], infer: globallyPooled },
}

function pooled(inputs: readonly (Value | undefined)[], attributes: Attributes): readonly TensorType[] {
  const x = required(inputs, 0)
  const kernel = (attributes['kernel_shape'] as readonly bigint[]).map(Number)
  return [{ elementType: x.type.elementType, shape: [...x.shape.slice(0, 2), ...windows(x, kernel, attributes)] }]
}

function globallyPooled(inputs: readonly (Value | undefined)[]): readonly TensorType[] {
  const x = required(inputs, 0)
  return [{ elementType: x.type.elementType, shape: x.shape.map((size, axis) => (axis < 2 ? size : 1)) }]
}

function scaledSize(size: Dimension, scale: number): Dimension {
  if (typeof size === 'number') return Math.floor(size * scale)
  return Number.isInteger(scale) ? product([scale, size]) : `scaled(${size},${scale})`
}

/** The sizes that a transposed convolution makes: each element spread over a window, the pads cut off. */
function spreadWindows(x: Value, kernel: readonly number[], attributes: Attributes): readonly Dimension[] {
  const list = (name: string): readonly number[] | undefined => (attributes[name] as readonly bigint[] | undefined)?.map(Number)
  const [strides, dilations, pads, extra] = [list('strides'), list('dilations'), list('pads'), list('output_padding')]
  return kernel.map((taps, axis) => {
    const size = x.shape[axis + 2]!
    const stride = strides?.[axis] ?? 1
    const reach = (taps - 1) * (dilations?.[axis] ?? 1) + 1
    const cut = (pads?.[axis] ?? 0) + (pads?.[axis + kernel.length] ?? 0)
    const rest = reach - stride - cut + (extra?.[axis] ?? 0)
    return typeof size === 'string' ? `spread(${[size, stride, rest].join(',')})` : size * stride + rest
  })
}

/** How many places a window takes along each axis; for a size that is not known a symbol that says where it comes from. */
function windows(x: Value, kernel: readonly number[], attributes: Attributes): readonly Dimension[] {
  const list = (name: string): readonly number[] | undefined => (attributes[name] as readonly bigint[] | undefined)?.map(Number)
  const [strides, dilations, pads] = [list('strides'), list('dilations'), list('pads')]
  const same = attributes['auto_pad'] === 'SAME_UPPER'
  return kernel.map((taps, axis) => {
    const size = x.shape[axis + 2]!
    const stride = strides?.[axis] ?? 1
    const reach = (taps - 1) * (dilations?.[axis] ?? 1) + 1
    const added = (pads?.[axis] ?? 0) + (pads?.[axis + kernel.length] ?? 0)
    if (typeof size === 'string') {
      if (stride === 1 && (same || added === reach - 1)) return size
      return `windows(${[size, reach - added, stride, same ? 'same' : 'valid'].join(',')})`
    }
    const padded = size + added
    const places = same ? Math.ceil(size / stride) : Math.floor((padded - reach) / stride) + 1
    if (places < 1) throw new ShapeError(`a window of ${reach} on ${showShape(x.shape)}`)
    return places
  })
}
