import { InvalidWeightError } from '../errors.ts'
import { inferTypes } from '../ops/inferTypes.ts'
import { MAX_FLOAT16, toFloat16 } from './float16.ts'
import type { Graph, Port } from './graph.ts'
import { type Attributes, Node } from './node.ts'
import { type Dimension, type ElementType, type TensorData, type TensorType, Value } from './value.ts'

/** The type of float numbers in the file. */
export type Precision = 'float32' | 'float16'

/**
 * Records a graph as it is written down: `tape.op('MatMul', [x, w])` appends a node and gives its result, with the type inferred.
 * Hints for names come from the scopes: within `tape.scope('hidden', ...)` the node above is `hidden/MatMul`.
 */
export class Tape {
  private nodes: Node[] = []
  private readonly inputs: Port[] = []
  private readonly constants = new Map<string, Value>()
  private path = ''
  private casts = new Map<Value, Value>()
  /** In which type float numbers are stored and computed from here on. */
  private precision: Precision = 'float32'

  readonly opset: number

  /** @param opset version of the default operator set, 17 to 20 */
  constructor(opset: number) {
    this.opset = opset
  }

  /** Appends a node and gives its first result. */
  op(opType: string, inputs: readonly (Value | undefined)[], attributes: Attributes = {}, hint: string = opType): Value {
    return this.ops(opType, inputs, attributes, hint)[0]!
  }

  /** Appends a node with several results; they are named by the hint and their number. */
  ops(
    opType: string,
    inputs: readonly (Value | undefined)[],
    attributes: Attributes = {},
    hint: string = opType,
  ): readonly Value[] {
    const types = inferTypes(opType, inputs, attributes, this.opset)
    const outputs = types.map((type, index) => ({ type, hint: this.path + (index === 0 ? hint : `${hint}_${index}`) }))
    const node = new Node(opType, inputs, attributes, outputs, this.path + hint)
    this.nodes.push(node)
    return node.outputs
  }

  /**
   * Records the body of a node: what `build` appends stands in it. It may use initializers, and of other values only the body's own.
   *
   * @param name of the body, and the scope of its names
   * @param types of its inputs
   * @param build gives its outputs, each made by a node of the body
   */
  body(name: string, types: readonly TensorType[], build: (inputs: readonly Value[]) => readonly Value[]): Graph {
    const { nodes: outerNodes, casts: outerCasts } = this
    this.nodes = []
    this.casts = new Map()
    try {
      return this.scope(name, () => {
        const inputs = types.map((type, index) => new Value(type, `${this.path}in_${index}`))
        // A body's output is no output twice, and no input.
        const seen = new Set<Value>(inputs)
        const outputs = build(inputs).map((value) => {
          const own = seen.has(value) || value.data != null ? this.op('Identity', [value]) : value
          seen.add(own)
          return own
        })
        // A body's values are named as all others are; what its ports are called, nobody sees.
        const portsOf = (values: readonly Value[], stem: string): readonly Port[] =>
          values.map((value, index) => ({ name: `${stem}_${index}`, value }))
        return { name: this.path + name, inputs: portsOf(inputs, 'in'), outputs: portsOf(outputs, 'out'), nodes: this.nodes }
      })
    } finally {
      this.nodes = outerNodes
      this.casts = outerCasts
    }
  }

  /** Declares an input of the graph; its name is kept as it is. */
  input(name: string, elementType: ElementType, shape: readonly Dimension[]): Value {
    const value = new Value({ elementType, shape }, name)
    this.inputs.push({ name, value })
    return value
  }

  /** Makes a value that is stored in the file: of float numbers in the precision that is computed in. An array that fits is kept, not copied. */
  initializer(data: TensorData, shape: readonly number[], hint: string): Value {
    const stored = this.inPrecision(data, hint)
    return new Value({ elementType: elementTypeOf(stored), shape }, this.path + hint, undefined, stored)
  }

  /** An initializer that is stored once under its key, however often it is asked for. */
  constant(key: string, make: () => readonly [TensorData, readonly number[]]): Value {
    const hint = this.precision === 'float16' ? `${key}_float16` : key
    let value = this.constants.get(hint)
    if (value == null) {
      const [data, shape] = make()
      const stored = this.inPrecision(data, key)
      value = new Value({ elementType: elementTypeOf(stored), shape }, hint, undefined, stored)
      this.constants.set(hint, value)
    }
    return value
  }

  /** Stores and computes float numbers in a precision within the body; `cast` brings values there. */
  inPrecisionOf<T>(precision: Precision, body: () => T): T {
    const outer = this.precision
    this.precision = precision
    try {
      return body()
    } finally {
      this.precision = outer
    }
  }

  get isHalf(): boolean {
    return this.precision === 'float16'
  }

  /** A float value in the precision that is computed in. */
  cast(value: Value): Value {
    const wanted = this.precision === 'float16' ? 'float16' : 'float'
    const { elementType } = value.type
    if (elementType === wanted || (elementType !== 'float' && elementType !== 'float16')) return value
    const known = this.casts.get(value) ?? this.op('Cast', [value], { to: BigInt(wanted === 'float' ? 1 : 10) })
    this.casts.set(value, known)
    return known
  }

  /** A float constant without axes; the same number is one initializer in the whole graph. */
  scalar(value: number): Value {
    return this.constant(`scalar_${value}`, () => [new Float32Array([value]), []])
  }

  /** A one-dimensional int64 constant: a shape, axes; equal lists are one initializer in the whole graph. */
  ints(values: readonly number[]): Value {
    return this.constant(`ints_${values.join('_')}`, () => [BigInt64Array.from(values, BigInt), [values.length]])
  }

  /** Names within the body start with the scope's name. */
  scope<T>(name: string, body: () => T): T {
    const outer = this.path
    this.path = `${outer}${name}/`
    try {
      return body()
    } finally {
      this.path = outer
    }
  }

  private inPrecision(data: TensorData, hint: string): TensorData {
    if (this.precision === 'float32' || !(data instanceof Float32Array)) return data
    // A plain loop: findIndex takes several times as long.
    for (let i = 0; i < data.length; i++) {
      if (Math.abs(data[i]!) <= MAX_FLOAT16) continue
      throw new InvalidWeightError(
        `Element ${i} of ${this.path}${hint} is ${data[i]}, beyond the largest float16, ${MAX_FLOAT16}. Export with precision: 'float32'.`,
      )
    }
    return toFloat16(data)
  }

  /** Ends the recording. Nodes that no output needs are still in the graph. */
  finish(name: string, outputs: readonly Port[]): Graph {
    return { name, inputs: this.inputs, outputs, nodes: this.nodes }
  }
}

function elementTypeOf(data: TensorData): ElementType {
  if (data instanceof Float32Array) return 'float'
  if (data instanceof Float64Array) return 'double'
  if (data instanceof BigInt64Array) return 'int64'
  if (data instanceof Int32Array) return 'int32'
  if (data instanceof Uint16Array) return 'float16'
  return 'bool'
}
