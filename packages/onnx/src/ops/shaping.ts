import type { Dimension } from '../ir/value.ts'
import { broadcast, normalizeAxis, product, quotient, showShape, unified } from './dimensions.ts'
import { constantInts, floatTypeOf, type OpSchema, required, ShapeError, sizesOf } from './opSchema.ts'

/** Ends an axis of any length; behind a minus, before its first element. */
export const LAST: number = 2 ** 31 - 1

/** Operators that move, join or repeat elements. */
export const shaping: Readonly<Record<string, OpSchema>> = {
  Reshape: {
    since: [1, 5, 13, 14, 19],
    inputs: ['data:T', 'shape:int64'],
    outputs: ['reshaped:T'],
    infer: (inputs) => {
      const data = required(inputs, 0)
      const target = sizesOf(required(inputs, 1))
      if (target == null) throw new ShapeError('the shape is not known')
      return [{ elementType: data.type.elementType, shape: reshaped(data.shape, target) }]
    },
  },
  Transpose: {
    since: [1, 13],
    inputs: ['data:T'],
    outputs: ['transposed:T'],
    infer: (inputs, { perm }) => {
      const data = required(inputs, 0)
      const order = (perm as readonly bigint[] | undefined)?.map(Number) ?? data.shape.map((_, axis) => data.rank - 1 - axis)
      if ([...order].sort((a, b) => a - b).some((axis, index) => axis !== index) || order.length !== data.rank) {
        throw new ShapeError(`axes (${order.join(', ')}) of ${showShape(data.shape)}`)
      }
      return [{ elementType: data.type.elementType, shape: order.map((axis) => data.shape[axis]!) }]
    },
  },
  Unsqueeze: {
    since: [1, 11, 13],
    inputs: ['data:T', 'axes:int64'],
    outputs: ['expanded:T'],
    infer: (inputs) => {
      const data = required(inputs, 0)
      const axes = constantInts(inputs[1])
      if (axes == null) throw new ShapeError('the axes are not constant')
      const rank = data.rank + axes.length
      const added = new Set(axes.map((axis) => normalizeAxis(axis, rank)))
      const rest = data.shape[Symbol.iterator]()
      const shape = Array.from({ length: rank }, (_, axis): Dimension => (added.has(axis) ? 1 : rest.next().value!))
      return [{ elementType: data.type.elementType, shape }]
    },
  },
  Concat: {
    since: [1, 4, 11, 13],
    inputs: ['inputs*:T'],
    outputs: ['concat_result:T'],
    infer: (inputs, attributes) => {
      const values = inputs.map((_, index) => required(inputs, index))
      const first = required(inputs, 0)
      const axis = normalizeAxis(Number(attributes['axis']), first.rank)
      const misfit = (): ShapeError =>
        new ShapeError(`shapes ${values.map((value) => showShape(value.shape)).join(', ')} along axis ${axis}`)
      if (values.some((value) => value.rank !== first.rank)) throw misfit()
      const shape = first.shape.map((_, at) => {
        const sizes = values.map((value) => value.shape[at]!)
        if (at === axis) return sum(sizes)
        return sizes.reduce((size, next) => {
          const both = unified(size, next)
          if (both == null) throw misfit()
          return both
        })
      })
      return [{ elementType: first.type.elementType, shape }]
    },
  },
  Slice: {
    since: [1, 10, 11, 13],
    inputs: ['data:T', 'starts:Tind', 'ends:Tind', 'axes?:Tind', 'steps?:Tind'],
    outputs: ['output:T'],
    infer: (inputs) => {
      const data = required(inputs, 0)
      const [starts, ends, axes, steps] = [1, 2, 3, 4].map((index) => constantInts(inputs[index]))
      if (starts == null || ends == null || axes == null) throw new ShapeError('the range is not constant')
      const shape = [...data.shape]
      axes.forEach((given, index) => {
        const axis = normalizeAxis(given, data.rank)
        shape[axis] = sliced(data.shape[axis]!, starts[index]!, ends[index]!, steps?.[index] ?? 1)
      })
      return [{ elementType: data.type.elementType, shape }]
    },
  },
  Squeeze: {
    since: [1, 11, 13],
    inputs: ['data:T', 'axes?:int64'],
    outputs: ['squeezed:T'],
    infer: (inputs) => {
      const data = required(inputs, 0)
      const axes = constantInts(inputs[1])
      if (axes == null) throw new ShapeError('the axes are not constant')
      const removed = new Set(axes.map((axis) => normalizeAxis(axis, data.rank)))
      if ([...removed].some((axis) => data.shape[axis] !== 1))
        throw new ShapeError(`axes (${axes.join(', ')}) of ${showShape(data.shape)}`)
      return [{ elementType: data.type.elementType, shape: data.shape.filter((_, axis) => !removed.has(axis)) }]
    },
  },
  Split: {
    since: [1, 2, 11, 13, 18],
    inputs: ['input:T', 'split?:int64'],
    outputs: ['outputs*:T'],
    infer: (inputs, { axis = 0n }) => {
      const input = required(inputs, 0)
      const parts = constantInts(inputs[1])
      const along = normalizeAxis(Number(axis), input.rank)
      if (parts == null || parts.reduce((a, b) => a + b, 0) !== input.shape[along])
        throw new ShapeError(`parts of ${showShape(input.shape)} along axis ${along}`)
      return parts.map((size) => ({ elementType: input.type.elementType, shape: input.shape.with(along, size) }))
    },
  },
  Pad: {
    since: [1, 2, 11, 13, 18, 19],
    inputs: ['data:T', 'pads:int64', 'constant_value?:T', 'axes?:Tind'],
    outputs: ['output:T'],
    infer: (inputs) => {
      const data = required(inputs, 0)
      const pads = constantInts(inputs[1])
      if (pads == null || pads.length !== 2 * data.rank) throw new ShapeError(`pads of ${showShape(data.shape)}`)
      const shape = data.shape.map((size, axis) => {
        const added = pads[axis]! + pads[axis + data.rank]!
        return added === 0 ? size : sum([added, size])
      })
      return [{ elementType: data.type.elementType, shape }]
    },
  },
  Gather: {
    since: [1, 11, 13],
    inputs: ['data:T', 'indices:Tind'],
    outputs: ['output:T'],
    infer: (inputs, { axis = 0n }) => {
      const [data, indices] = [required(inputs, 0), required(inputs, 1)]
      const gathered = normalizeAxis(Number(axis), data.rank)
      const shape = [...data.shape.slice(0, gathered), ...indices.shape, ...data.shape.slice(gathered + 1)]
      return [{ elementType: data.type.elementType, shape }]
    },
  },
  Expand: {
    since: [8, 13],
    inputs: ['input:T', 'shape:int64'],
    outputs: ['output:T'],
    infer: (inputs) => {
      const input = required(inputs, 0)
      const target = sizesOf(required(inputs, 1))
      if (target == null) throw new ShapeError('the shape is not known')
      return [{ elementType: input.type.elementType, shape: broadcast(input.shape, target) }]
    },
  },
  Shape: {
    since: [1, 13, 15, 19],
    inputs: ['data:T'],
    outputs: ['shape:T1'],
    infer: (inputs, { start = 0n, end }) => {
      const rank = required(inputs, 0).rank
      const length = Array.from({ length: rank }).slice(Number(start), end == null ? undefined : Number(end)).length
      return [{ elementType: 'int64', shape: [length] }]
    },
  },
  RandomNormalLike: {
    since: [1],
    inputs: ['input:T1'],
    outputs: ['output:T2'],
    infer: (inputs, { dtype }) => {
      const input = required(inputs, 0)
      return [{ elementType: dtype == null ? input.type.elementType : floatTypeOf(dtype as bigint), shape: input.shape }]
    },
  },
}

/** The size of a range; of a size that is not known, of a range that leaves out some elements at both ends, or turns the axis round. */
function sliced(size: Dimension, start: number, end: number, step: number): Dimension {
  if (step === -1 && start === -1 && end <= -LAST) return size
  if (typeof size === 'number') {
    const last = end < 0 ? end + size : Math.min(end, size)
    if (start >= 0 && last >= start && step >= 1) return Math.ceil((last - start) / step)
  } else if (step === 1 && start >= 0 && (end < 0 || end >= LAST)) {
    const left = start + (end < 0 ? -end : 0)
    return left === 0 ? size : `${size}-${left}`
  }
  throw new ShapeError(`${start} to ${end} by ${step} of ${size}`)
}

function reshaped(shape: readonly Dimension[], target: readonly Dimension[]): readonly Dimension[] {
  const sizes = target.map((size, axis): Dimension => {
    if (size !== 0) return size
    const copied = shape[axis]
    if (copied == null) throw new ShapeError(`size 0 at axis ${axis} of ${showShape(shape)}`)
    return copied
  })
  const open = sizes.indexOf(-1)
  if (open < 0) {
    if (product(sizes) !== product(shape)) throw new ShapeError(`${showShape(shape)} to ${showShape(sizes)}`)
    return sizes
  }
  const size = quotient(shape, sizes.toSpliced(open, 1))
  if (size == null) throw new ShapeError(`${showShape(shape)} to ${showShape(sizes)}`)
  return sizes.with(open, size)
}

function sum(sizes: readonly Dimension[]): Dimension {
  const numbers = sizes.filter((size) => typeof size === 'number')
  const total = numbers.reduce((a, b) => a + b, 0)
  if (numbers.length === sizes.length) return total
  const symbols = sizes.filter((size) => typeof size === 'string')
  return [...(total === 0 ? [] : [total]), ...symbols].join('+')
}
