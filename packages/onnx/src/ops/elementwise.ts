import type { TensorType, Value } from '../ir/value.ts'
import { broadcast } from './dimensions.ts'
import { numberTypeOf, type OpSchema, required, ShapeError } from './opSchema.ts'

/** Operators that work element by element. */
export const elementwise: Readonly<Record<string, OpSchema>> = {
  Add: binary([1, 6, 7, 13, 14]),
  Sub: binary([1, 6, 7, 13, 14]),
  Mul: binary([1, 6, 7, 13, 14]),
  Div: binary([1, 6, 7, 13, 14]),
  Max: variadic([1, 6, 8, 12, 13], 'max'),
  Min: variadic([1, 6, 8, 12, 13], 'min'),
  Neg: unary([1, 6, 13]),
  Sqrt: unary([1, 6, 13]),
  Exp: unary([1, 6, 13], 'input', 'output'),
  Log: unary([1, 6, 13], 'input', 'output'),
  Erf: unary([9, 13], 'input', 'output'),
  Relu: unary([1, 6, 13, 14]),
  Sign: unary([9, 13], 'input', 'output'),
  Sigmoid: unary([1, 6, 13]),
  Tanh: unary([1, 6, 13], 'input', 'output'),
  Elu: unary([1, 6]),
  Selu: unary([1, 6]),
  Softplus: unary([1]),
  Softsign: unary([1], 'input', 'output'),
  HardSigmoid: unary([1, 6]),
  LeakyRelu: unary([1, 6, 16]),
  ThresholdedRelu: unary([10]),
  Identity: unary([1, 13, 14, 16, 19], 'input', 'output', 'V'),
  Softmax: unary([1, 11, 13], 'input', 'output'),
  LogSoftmax: unary([1, 11, 13], 'input', 'output'),
  Cast: {
    since: [1, 6, 9, 13, 19],
    inputs: ['input:T1'],
    outputs: ['output:T2'],
    infer: (inputs, { to }) => [{ elementType: numberTypeOf(to as bigint), shape: required(inputs, 0).shape }],
  },
  PRelu: { since: [1, 6, 7, 9, 16], inputs: ['X:T', 'slope:T'], outputs: ['Y:T'], infer: broadcasting },
  Not: unary([1]),
  Equal: comparison([1, 7, 11, 13, 19]),
  Greater: comparison([1, 7, 9, 13]),
  GreaterOrEqual: comparison([12, 16]),
  Less: comparison([1, 7, 9, 13]),
  LessOrEqual: comparison([12, 16]),
  And: comparison([1, 7]),
  Or: comparison([1, 7]),
  Where: {
    since: [9, 16],
    inputs: ['condition:B', 'X:T', 'Y:T'],
    outputs: ['output:T'],
    infer: (inputs) => {
      const condition = required(inputs, 0)
      if (condition.type.elementType !== 'bool') throw new ShapeError(`a condition of ${condition.type.elementType}`)
      return broadcasting(inputs.slice(1)).map((type) => ({ ...type, shape: broadcast(condition.shape, type.shape) }))
    },
  },
  Abs: unary([1, 6, 13]),
  Reciprocal: unary([1, 6, 13]),
  Floor: unary([1, 6, 13]),
  Ceil: unary([1, 6, 13]),
  Round: unary([11]),
  Sin: unary([7], 'input', 'output'),
  Cos: unary([7], 'input', 'output'),
  Pow: { since: [1, 7, 12, 13, 15], inputs: ['X:T', 'Y:T1'], outputs: ['Z:T'], infer: broadcasting },
  Clip: {
    since: [1, 6, 11, 12, 13],
    inputs: ['input:T', 'min?:T', 'max?:T'],
    outputs: ['output:T'],
    infer: ([x]) => [required([x], 0).type],
  },
}

function unary(since: readonly number[], input = 'X', output = 'Y', variable = 'T'): OpSchema {
  return {
    since,
    inputs: [`${input}:${variable}`],
    outputs: [`${output}:${variable}`],
    infer: (inputs) => [required(inputs, 0).type],
  }
}

function binary(since: readonly number[]): OpSchema {
  return { since, inputs: ['A:T', 'B:T'], outputs: ['C:T'], infer: broadcasting }
}

function comparison(since: readonly number[]): OpSchema {
  return {
    since,
    inputs: ['A:T', 'B:T'],
    outputs: ['C:T1'],
    infer: (inputs) => broadcasting(inputs).map((type) => ({ ...type, elementType: 'bool' })),
  }
}

function variadic(since: readonly number[], output: string): OpSchema {
  return { since, inputs: ['data_0*:T'], outputs: [`${output}:T`], infer: broadcasting }
}

function broadcasting(inputs: readonly (Value | undefined)[]): readonly TensorType[] {
  const values = inputs.map((_, index) => required(inputs, index))
  const elementType = required(inputs, 0).type.elementType
  const other = values.find((value) => value.type.elementType !== elementType)
  if (other != null) throw new ShapeError(`element types ${elementType} and ${other.type.elementType}`)
  return [{ elementType, shape: broadcast(...values.map((value) => value.shape)) }]
}
