import type { Value } from '../ir/value.ts'
import { broadcast, normalizeAxis, showShape, unified } from './dimensions.ts'
import { type OpSchema, required, ShapeError } from './opSchema.ts'

/** Matrix products, and the normalization of their inputs. */
export const linear: Readonly<Record<string, OpSchema>> = {
  MatMul: {
    since: [1, 9, 13],
    inputs: ['A:T', 'B:T'],
    outputs: ['Y:T'],
    infer: (inputs) => {
      const [a, b] = ofOneType(inputs)
      if (a.rank < 2 || b.rank < 2 || unified(a.shape.at(-1)!, b.shape.at(-2)!) == null) {
        throw new ShapeError(`matrices ${showShape(a.shape)} and ${showShape(b.shape)}`)
      }
      const batch = broadcast(a.shape.slice(0, -2), b.shape.slice(0, -2))
      return [{ elementType: a.type.elementType, shape: [...batch, a.shape.at(-2)!, b.shape.at(-1)!] }]
    },
  },
  LayerNormalization: {
    since: [17],
    inputs: ['X:T', 'Scale:T', 'B?:T'],
    outputs: ['Y:T', 'Mean?:U', 'InvStdDev?:U'],
    infer: (inputs, { axis = -1n }) => {
      const [x, scale] = [required(inputs, 0), required(inputs, 1)]
      const normalized = x.shape.slice(normalizeAxis(Number(axis), x.rank))
      if (showShape(broadcast(normalized, scale.shape)) !== showShape(normalized))
        throw new ShapeError(`scale ${showShape(scale.shape)} for ${showShape(x.shape)}`)
      return [x.type]
    },
  },
  Gemm: {
    since: [1, 6, 7, 9, 11, 13],
    inputs: ['A:T', 'B:T', 'C?:T'],
    outputs: ['Y:T'],
    infer: (inputs, { transA = 0n, transB = 0n }) => {
      const [a, b] = ofOneType(inputs)
      const [rows, inner] = transA === 0n ? a.shape : [...a.shape].reverse()
      const [innerB, columns] = transB === 0n ? b.shape : [...b.shape].reverse()
      if (a.rank !== 2 || b.rank !== 2 || inner !== innerB)
        throw new ShapeError(`matrices ${showShape(a.shape)} and ${showShape(b.shape)}`)
      const shape = [rows!, columns!]
      const c = inputs[2]
      if (c != null && showShape(broadcast(shape, c.shape)) !== showShape(shape))
        throw new ShapeError(`bias ${showShape(c.shape)}`)
      return [{ elementType: a.type.elementType, shape }]
    },
  },
}

function ofOneType(inputs: readonly (Value | undefined)[]): readonly [Value, Value] {
  const [a, b] = [required(inputs, 0), required(inputs, 1)]
  if (a.type.elementType !== b.type.elementType)
    throw new ShapeError(`element types ${a.type.elementType} and ${b.type.elementType}`)
  return [a, b]
}
