import type { OnnxModel } from '../ir/graph.ts'
import { withoutDeadNodes } from '../ir/graph.ts'
import type { Node } from '../ir/node.ts'
import { Tape } from '../ir/tape.ts'
import { Value } from '../ir/value.ts'
import { transposeData } from '../lower/transposeData.ts'
import { elementwise } from '../ops/elementwise.ts'

/**
 * Takes out transposes that undo each other, also where elementwise operators, noise, or the folding of draws into the batch stand between them: a chain
 * of convolutions of a channels-last model keeps ONNX's layout throughout, with one transpose before and one behind.
 *
 * A transpose is not written where it occurs. Each value is known as "the transpose of that one", operators that do not care about the order of axes
 * work on what is beneath, and only what does care has the transpose made.
 *
 * @param model a model that satisfies the invariants
 * @returns an equal model with no more transposes than before
 */
export function cancelTransposes(model: OnnxModel): OnnxModel {
  const tape = new Tape(model.opset)
  const views = new Map<Value, View>()
  const made = new Map<Value, Map<string, Value>>()
  for (const { name, value } of model.graph.inputs) views.set(value, plain(tape.input(name, value.type.elementType, value.shape)))
  const viewOf = (value: Value): View => views.get(value) ?? plain(value)
  const materialize = (value: Value): Value => {
    const { base, order } = viewOf(value)
    if (isIdentity(order)) return base
    // One transpose for all that read the same value in the same order.
    const ofBase = made.get(base) ?? new Map<string, Value>()
    made.set(base, ofBase)
    const key = order.join()
    const result = ofBase.get(key) ?? tape.op('Transpose', [base], { perm: order.map(BigInt) }, `${value.hint}/transposed`)
    ofBase.set(key, result)
    return result
  }
  for (const node of model.graph.nodes) {
    if (node.outputs.length > 1) {
      const inputs = node.inputs.map((input) => (input == null ? undefined : materialize(input)))
      tape.ops(node.opType, inputs, node.attributes, node.hint).forEach((output, index) => {
        views.set(node.outputs[index]!, plain(output))
      })
    } else views.set(node.outputs[0]!, rewrite(tape, node, viewOf, materialize))
  }
  const taken = new Set(model.graph.inputs.map(({ value }) => materialize(value)))
  const outputs = model.graph.outputs.map(({ name, value }) => {
    const made = materialize(value)
    // What is left of an identity: an output is no input, and no other output.
    const own = taken.has(made) ? tape.op('Identity', [made], {}, value.hint) : made
    taken.add(own)
    return { name, value: own }
  })
  return { ...model, graph: withoutDeadNodes(tape.finish(model.graph.name, outputs)) }
}

/** A value of the old graph as a value of the new one and the order in which its axes are read: axis i is axis order[i] of the base. */
interface View {
  readonly base: Value
  readonly order: readonly number[]
}

type ViewOf = (value: Value) => View
type Materialize = (value: Value) => Value

function rewrite(tape: Tape, node: Node, viewOf: ViewOf, materialize: Materialize): View {
  const { opType, inputs, attributes, hint } = node
  const [first] = inputs
  if (opType === 'Transpose' && first != null) {
    const { base, order } = viewOf(first)
    return { base, order: (attributes['perm'] as readonly bigint[]).map((axis) => order[Number(axis)]!) }
  }
  if (isOrderless(node) && inputs.some((input) => input != null && !isIdentity(viewOf(input).order))) {
    const under = beneath(tape, inputs, node.outputs[0]!.rank, viewOf)
    if (under != null) return { base: tape.op(opType, under.inputs, attributes, hint), order: under.order }
  }
  if (opType === 'Reshape' && first != null) {
    const moved = reshapeOfLeadingAxes(tape, node, viewOf)
    if (moved != null) return moved
  }
  return plain(
    tape.op(
      opType,
      inputs.map((input) => (input == null ? undefined : materialize(input))),
      attributes,
      hint,
    ),
  )
}

/** Operators that give the same for any order of axes, if all inputs have it. */
function isOrderless({ opType, attributes }: Node): boolean {
  if (opType === 'RandomNormalLike') return true
  return Object.hasOwn(elementwise, opType) && attributes['axis'] == null
}

/** The inputs in one order of axes, at the cost of no more transposes than there are inputs that would need one otherwise; undefined where that fails. */
function beneath(
  tape: Tape,
  inputs: readonly (Value | undefined)[],
  rank: number,
  viewOf: ViewOf,
): { readonly inputs: readonly (Value | undefined)[]; readonly order: readonly number[] } | undefined {
  const turned = inputs.flatMap((input) => (input == null || isIdentity(viewOf(input).order) ? [] : [viewOf(input)]))
  const order = extended(turned[0]!.order, rank)
  const inverse = order.map((_, axis) => order.indexOf(axis))
  let allowance = turned.length
  const result = inputs.map((input): Value | undefined => {
    if (input == null) return undefined
    const { base, order: own } = viewOf(input)
    const missing = rank - own.length
    if (extended(own, rank).join() === order.join()) return base
    // Sizes of 1 broadcast in any order.
    if (isIdentity(own) && base.shape.every((size, axis) => size === 1 || order[axis + missing] === axis + missing)) return base
    if (base.data != null && isIdentity(own)) {
      const shape = [...Array<number>(missing).fill(1), ...(base.shape as readonly number[])]
      const { data, shape: newShape } = transposeData({ data: base.data, shape }, inverse)
      return new Value({ ...base.type, shape: newShape }, base.hint, undefined, data)
    }
    allowance -= isIdentity(own) && missing === 0 ? 1 : Number.POSITIVE_INFINITY
    return allowance < 0 ? undefined : tape.op('Transpose', [base], { perm: inverse.map(BigInt) }, `${base.hint}/transposed`)
  })
  return allowance < 0 ? undefined : { inputs: result, order }
}

/** A reshape that only splits or merges axes in front of those that the order moves: done beneath it. */
function reshapeOfLeadingAxes(tape: Tape, node: Node, viewOf: ViewOf): View | undefined {
  const [data, shape] = node.inputs
  const { base, order } = viewOf(data!)
  if (isIdentity(order) || !(shape?.data instanceof BigInt64Array)) return undefined
  const target = node.outputs[0]!.shape
  const fixed = order.findIndex((axis, index) => axis !== index)
  const trailing = data!.shape.slice(fixed)
  const leading = target.length - trailing.length
  if (leading < 1 || trailing.some((size, index) => typeof size === 'string' || size !== target[leading + index]))
    return undefined
  const sizes = [...Array.from(shape.data.slice(0, leading), Number), ...(base.shape.slice(fixed) as readonly number[])]
  const moved = tape.op('Reshape', [base, tape.ints(sizes)], {}, node.hint)
  const shift = leading - fixed
  return {
    base: moved,
    order: [...Array.from({ length: leading }, (_, axis) => axis), ...order.slice(fixed).map((axis) => axis + shift)],
  }
}

function plain(base: Value): View {
  return { base, order: base.shape.map((_, axis) => axis) }
}

function isIdentity(order: readonly number[]): boolean {
  return order.every((axis, index) => axis === index)
}

/** The order for a tensor with more axes in front. */
function extended(order: readonly number[], rank: number): readonly number[] {
  const more = rank - order.length
  return [...Array.from({ length: more }, (_, axis) => axis), ...order.map((axis) => axis + more)]
}
