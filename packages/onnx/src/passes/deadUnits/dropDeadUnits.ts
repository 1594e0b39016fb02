import { type OnnxModel, withoutDeadNodes } from '../../ir/graph.ts'
import type { Node } from '../../ir/node.ts'
import { Tape } from '../../ir/tape.ts'
import type { Value } from '../../ir/value.ts'
import { type Channels, isElementwise, moved, spread } from './channels.ts'
import { type Demand, demandsOf, readsLeadingSize } from './demands.ts'
import { type ChannelwiseNode, channelwiseNode, floatsOf, type LinearNode, linearNode, storedLike } from './linearNode.ts'

/** Inputs of the graph are gathered from where at least this share of them is not used. */
const WORTH_A_GATHER = 1 / 8

/**
 * Drops units whose outgoing weights are all 0, with all that is computed and stored for them: rows and columns of kernels, biases, stored noise. What a
 * file answers stays the same, up to the order in which sums are rounded.
 *
 * @param model a model that satisfies the invariants
 * @returns an equal model; the same where no unit is dead
 */
export function dropDeadUnits(model: OnnxModel): OnnxModel {
  const { graph } = model
  const demands = demandsOf(graph)
  if (![...demands.values()].some((demand) => demand !== 'all')) return model
  const tape = new Tape(model.opset)
  const rewrite = new Rewrite(tape, demands)
  for (const { name, value } of graph.inputs) rewrite.input(name, value)
  for (const node of graph.nodes) rewrite.node(node)
  const outputs = graph.outputs.map(({ name, value }) => ({ name, value: rewrite.whole(value) }))
  return { ...model, graph: withoutDeadNodes(tape.finish(graph.name, outputs)) }
}

/** A value in the new graph and which of its channels are left; undefined: all. */
interface Left {
  readonly value: Value
  readonly kept: Channels<boolean> | undefined
}

class Rewrite {
  private readonly tape: Tape
  private readonly demands: ReadonlyMap<Value, Demand>
  private readonly left = new Map<Value, Left>()
  private readonly gathers = new Map<Value, Map<string, Value>>()

  constructor(tape: Tape, demands: ReadonlyMap<Value, Demand>) {
    this.tape = tape
    this.demands = demands
  }

  input(name: string, value: Value): void {
    const declared = this.tape.input(name, value.type.elementType, value.shape)
    const wanted = this.wanted(value)
    const dead = wanted?.of.filter((live) => !live).length ?? 0
    const isWorthIt = wanted != null && dead >= WORTH_A_GATHER * wanted.of.length
    this.left.set(
      value,
      isWorthIt ? { value: this.gather(declared, wanted), kept: wanted } : { value: declared, kept: undefined },
    )
  }

  node(node: Node): void {
    // Nothing needs it.
    if (!node.outputs.some((output) => this.demands.has(output))) return
    const linear = linearNode(node)
    const channelwise = channelwiseNode(node)
    if (linear != null) this.set(node, this.linear(node, linear))
    else if (channelwise != null) this.set(node, this.channelwise(node, channelwise))
    else if (isElementwise(node)) this.set(node, this.elementwise(node))
    else if (!readsLeadingSize(node) && node.inputs[0] != null && this.leftOf(node.inputs[0]).kept != null)
      this.set(node, this.moving(node))
    else {
      // The sizes of other axes are read off a tensor, cut or not.
      const asItIs = readsLeadingSize(node)
      const inputs = node.inputs.map((input) => {
        if (input == null) return undefined
        return asItIs ? this.leftOf(input).value : this.whole(input)
      })
      const results = this.tape.ops(node.opType, inputs, node.attributes, node.hint)
      node.outputs.forEach((output, index) => {
        this.left.set(output, { value: results[index]!, kept: undefined })
      })
    }
  }

  /** A value of which nothing was dropped. */
  whole(value: Value): Value {
    const { value: result, kept } = this.leftOf(value)
    if (kept != null) throw new Error(`${value.hint} was cut, and is needed whole`)
    return result
  }

  private linear(node: Node, linear: LinearNode): Left {
    const { kernel, kernelIn, kernelOut, bias, inputAxis, resultAxis } = linear
    const { value: x, kept: keptIn } = this.leftOf(node.inputs[0]!)
    const wanted = this.wanted(node.outputs[0]!)
    const keptOut = wanted?.axis === resultAxis ? wanted : undefined
    if (keptIn != null && keptIn.axis !== inputAxis) throw new Error(`${node.hint}: channels were cut along another axis`)
    const ofInputs = keptIn == null ? kernel : this.sliced(kernel, { axis: kernelIn, of: keptIn.of })
    const newKernel = keptOut == null ? ofInputs : this.sliced(ofInputs, { axis: kernelOut, of: keptOut.of })
    const newBias = bias == null || keptOut == null ? bias : this.sliced(bias, { axis: 0, of: keptOut.of })
    const inputs = [x, newKernel, ...(newBias == null ? [] : [newBias])]
    return { value: this.tape.op(node.opType, inputs, node.attributes, node.hint), kept: keptOut }
  }

  /** The result loses the channels that its input has lost. */
  private channelwise(node: Node, { kernel, bias, multiplier }: ChannelwiseNode): Left {
    const { value: x, kept: keptIn } = this.leftOf(node.inputs[0]!)
    if (keptIn == null)
      return {
        value: this.again(
          node,
          node.inputs.flatMap((input) => (input == null ? [] : [this.leftOf(input)])),
        ),
        kept: undefined,
      }
    if (keptIn.axis !== 1) throw new Error(`${node.hint}: channels were cut along another axis`)
    const kept = spread(keptIn, { axis: 1, outer: 1, inner: multiplier })
    const ofFirst = { axis: 0, of: kept.of }
    const inputs = [x, this.sliced(kernel, ofFirst), ...(bias == null ? [] : [this.sliced(bias, ofFirst)])]
    const attributes = { ...node.attributes, group: BigInt(countOf(keptIn)) }
    return { value: this.tape.op(node.opType, inputs, attributes, node.hint), kept }
  }

  private elementwise(node: Node): Left {
    const { rank } = node.outputs[0]!
    const present = node.inputs.filter((input) => input != null)
    const lefts = present.map((input) => this.leftOf(input))
    /** The operand's cut as the result sees it; 'untouched' where it has no such axis. */
    const cutOf = (input: Value, left: Left): string =>
      left.kept == null ? '' : keyOf({ axis: left.kept.axis + rank - input.rank, of: left.kept.of })
    const computed = present.filter((input) => input.data == null)
    const cuts = new Set(computed.map((input) => cutOf(input, this.leftOf(input))))
    const cutInputs = lefts.filter(({ kept }) => kept != null)
    if (cutInputs.length === 0) return { value: this.again(node, lefts), kept: undefined }
    // Operands that were cut alike stay as they are; others are brought to what the result needs.
    const [first] = present.flatMap((input, index) => (lefts[index]!.kept == null ? [] : [{ input, left: lefts[index]! }]))
    const alike = cuts.size === 1
    const kept = alike
      ? { axis: first!.left.kept!.axis + rank - first!.input.rank, of: first!.left.kept!.of }
      : this.wanted(node.outputs[0]!)!
    const operands = present.map((input, index) => this.brought(input, lefts[index]!, kept, rank))
    return { value: this.again(node, operands), kept }
  }

  /** An operand of an elementwise node, cut as the result is. */
  private brought(input: Value, left: Left, kept: Channels<boolean>, rank: number): Left {
    const axis = kept.axis - (rank - input.rank)
    if (axis < 0 || input.shape[axis] === 1) return left
    const wanted = { axis, of: kept.of }
    if (input.data != null) return { value: this.sliced(input, wanted), kept: wanted }
    if (left.kept == null) return { value: this.gather(left.value, wanted), kept: wanted }
    if (keyOf(left.kept) === keyOf(wanted)) return left
    // Cut less: of what is left, some more goes.
    const rest = left.kept.of.flatMap((live, channel) => (live ? [kept.of[channel]!] : []))
    return { value: this.gather(left.value, { axis, of: rest }), kept: wanted }
  }

  private moving(node: Node): Left {
    const { value, kept } = this.leftOf(node.inputs[0]!)
    const move = moved(node, kept!.axis)
    if (move == null) throw new Error(`${node.hint} (${node.opType}) mixes channels that were cut`)
    const result = spread(kept!, move)
    const inputs = [value, ...node.inputs.slice(1)]
    if (node.opType === 'Reshape') inputs[1] = this.resized(node.inputs[1]!, move.axis, countOf(result))
    return { value: this.tape.op(node.opType, inputs, node.attributes, node.hint), kept: result }
  }

  /** The target of a reshape with another size for an axis: a list, or one that is put together when the graph runs. */
  private resized(target: Value, axis: number, size: number): Value {
    if (target.data instanceof BigInt64Array) {
      const sizes = Array.from(target.data, Number)
      return sizes[axis]! > 0 ? this.tape.ints(sizes.with(axis, size)) : target
    }
    const { producer } = target
    if (producer?.opType !== 'Concat') throw new Error(`${target.hint}: the sizes cannot be changed`)
    let start = 0
    const parts = producer.inputs.map((input) => {
      const from = start
      start += input!.shape[0] as number
      const isHere = axis >= from && axis < start
      if (isHere && input!.data == null) throw new Error(`${target.hint}: the size of axis ${axis} is not stored`)
      return isHere ? this.resized(input!, axis - from, size) : this.leftOf(input!).value
    })
    return this.tape.op('Concat', parts, producer.attributes, producer.hint)
  }

  private again({ opType, inputs, attributes, hint }: Node, operands: readonly Left[]): Value {
    const values = operands.map(({ value }) => value)[Symbol.iterator]()
    return this.tape.op(
      opType,
      inputs.map((input) => (input == null ? undefined : values.next().value!)),
      attributes,
      hint,
    )
  }

  private set(node: Node, left: Left): void {
    this.left.set(node.outputs[0]!, left)
  }

  private leftOf(value: Value): Left {
    return this.left.get(value) ?? { value, kept: undefined }
  }

  private wanted(value: Value): Channels<boolean> | undefined {
    const demand = this.demands.get(value)
    return demand == null || demand === 'all' ? undefined : demand
  }

  private gather(value: Value, channels: Channels<boolean>): Value {
    const key = keyOf(channels)
    const known = this.gathers.get(value) ?? new Map<string, Value>()
    this.gathers.set(value, known)
    const indices = channels.of.flatMap((live, channel) => (live ? [channel] : []))
    const result =
      known.get(key) ??
      this.tape.op('Gather', [value, this.tape.ints(indices)], { axis: BigInt(channels.axis) }, `${value.hint}/live`)
    known.set(key, result)
    return result
  }

  private sliced(value: Value, { axis, of }: Channels<boolean>): Value {
    const shape = value.shape as readonly number[]
    const inner = shape.slice(axis + 1).reduce((total, size) => total * size, 1)
    const data = floatsOf(value)
    if (data == null) throw new Error(`${value.hint} holds no float numbers`)
    const result = data.filter((_, index) => of[Math.floor(index / inner) % of.length])
    return storedLike(value, result, shape.with(axis, countOf({ axis, of })))
  }
}

function countOf({ of }: Channels<boolean>): number {
  return of.filter(Boolean).length
}

function keyOf({ axis, of }: Channels<boolean>): string {
  return `${axis}:${of.map(Number).join('')}`
}
