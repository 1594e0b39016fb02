import { normalizeAxis } from './dimensions.ts'
import { constantInts, type OpSchema, required, ShapeError } from './opSchema.ts'

/** Sums and means along axes; from some version on the axes are an input and no attribute. */
export const reduction: Readonly<Record<string, OpSchema>> = {
  ReduceSum: reduce([1, 11, 13]),
  ReduceMean: reduce([1, 11, 13, 18]),
  ReduceMax: reduce([1, 11, 12, 13, 18, 20]),
  ReduceMin: reduce([1, 11, 12, 13, 18, 20]),
}

/** The opset from which on the operator takes its axes as an input. */
export const AXES_AS_INPUT: Readonly<Record<string, number>> = { ReduceSum: 13, ReduceMean: 18, ReduceMax: 18, ReduceMin: 18 }

function reduce(since: readonly number[]): OpSchema {
  return {
    since,
    inputs: ['data:T', 'axes?:int64'],
    outputs: ['reduced:T'],
    infer: (inputs, attributes) => {
      const data = required(inputs, 0)
      const axes = constantInts(inputs[1]) ?? (attributes['axes'] as readonly bigint[] | undefined)?.map(Number)
      if (axes == null) throw new ShapeError('the axes are not constant')
      const reduced = new Set(axes.map((axis) => normalizeAxis(axis, data.rank)))
      const keep = attributes['keepdims'] !== 0n
      const shape = data.shape.flatMap((size, axis) => (reduced.has(axis) ? (keep ? [1] : []) : [size]))
      return [{ elementType: data.type.elementType, shape }]
    },
  }
}
