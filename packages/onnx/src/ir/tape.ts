import { inferTypes } from '../ops/inferTypes.ts'
import type { Graph, Port } from './graph.ts'
import { type Attributes, Node } from './node.ts'
import { type Dimension, type ElementType, type TensorData, Value } from './value.ts'

/**
 * Records a graph as it is written down: `tape.op('MatMul', [x, w])` appends a node and gives its result, with the type inferred.
 * Hints for names come from the scopes: within `tape.scope('hidden', ...)` the node above is `hidden/MatMul`.
 */
export class Tape {
  private readonly nodes: Node[] = []
  private readonly inputs: Port[] = []
  private readonly constants = new Map<string, Value>()
  private path = ''

  readonly opset: number

  /** @param opset version of the default operator set, 17 to 20 */
  constructor(opset: number) {
    this.opset = opset
  }

  /** Appends a node with one result. */
  op(opType: string, inputs: readonly (Value | undefined)[], attributes: Attributes = {}, hint: string = opType): Value {
    const [type] = inferTypes(opType, inputs, attributes, this.opset)
    const node = new Node(opType, inputs, attributes, [{ type: type!, hint: this.path + hint }], this.path + hint)
    this.nodes.push(node)
    return node.outputs[0]!
  }

  /** Declares an input of the graph; its name is kept as it is. */
  input(name: string, elementType: ElementType, shape: readonly Dimension[]): Value {
    const value = new Value({ elementType, shape }, name)
    this.inputs.push({ name, value })
    return value
  }

  /** Makes a value that is stored in the file. The array is kept, not copied. */
  initializer(data: TensorData, shape: readonly number[], hint: string, elementType: ElementType = elementTypeOf(data)): Value {
    return new Value({ elementType, shape }, this.path + hint, undefined, data)
  }

  /** An initializer that is stored once under its key, however often it is asked for. */
  constant(key: string, make: () => readonly [TensorData, readonly number[]]): Value {
    let value = this.constants.get(key)
    if (value == null) {
      const [data, shape] = make()
      value = new Value({ elementType: elementTypeOf(data), shape }, key, undefined, data)
      this.constants.set(key, value)
    }
    return value
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
