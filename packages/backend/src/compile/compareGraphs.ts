import type { FallbackReason } from './fallbackReason.ts'
import type { RecordedNode } from './recording.ts'
import type { StepGraph, StepNode } from './stepGraph.ts'
import { atUserLine } from './userLine.ts'
import type { GraphAttribute, TensorValue } from './wire/graphDef.ts'

/** The first difference between two recordings of a step, in words, or undefined where they are the same computation on the same variables. */
export function compareGraphs(before: StepGraph, after: StepGraph): FallbackReason | undefined {
  if (before.recording.form !== after.recording.form) {
    return { code: 'changing-ops', message: `the step returns ${before.recording.form}, then ${after.recording.form}` }
  }
  for (let i = 0; i < Math.max(before.nodes.length, after.nodes.length); i++) {
    const difference = compareNodes(before.nodes[i], after.nodes[i], after)
    if (difference !== undefined) return difference
  }
  const sameUpdates =
    before.updated.length === after.updated.length && before.updated.every((variable, index) => variable === after.updated[index])
  const sameOutputs =
    before.outputs.length === after.outputs.length &&
    before.outputs.every(({ source }, index) => source === after.outputs[index]!.source)
  if (!sameUpdates) return { code: 'changing-ops', message: 'the step updates other variables from call to call' }
  return sameOutputs
    ? undefined
    : { code: 'changing-ops', message: 'the step returns or assigns other tensors from call to call' }
}

function compareNodes(before: StepNode | undefined, after: StepNode | undefined, graph: StepGraph): FallbackReason | undefined {
  if (before === undefined || after === undefined)
    return { code: 'changing-ops', message: `${describe(before)}, then ${describe(after)}` }
  const first = before.origin
  const second = after.origin
  if (first.kind === 'captured' && second.kind === 'captured' && first.id !== second.id) {
    return {
      code: 'changing-capture',
      message: `a tensor from outside the step is another one at each call${usedBy(after, graph)}${atUserLine(second.trace)}; pass it as an argument`,
    }
  }
  if (first.kind === 'variable' && second.kind === 'variable' && first.variable !== second.variable) {
    return {
      code: 'changing-capture',
      message: `the step uses the variable ${first.variable.name}, then ${second.variable.name}`,
    }
  }
  if (equalBytes(before.encoded, after.encoded)) return undefined
  if (first.kind === 'constant' && second.kind === 'constant') {
    const remedy =
      second.shape.length === 0 ? 'pass it as an argument' : 'pass it as an argument (or draw noise with statelessNormal)'
    return {
      code: 'changing-constant',
      message: `a value made in JavaScript${atUserLine(second.trace)} changes from call to call: ${show(first.tensor)}, then ${show(second.tensor)}${usedBy(after, graph)}; ${remedy}`,
    }
  }
  if (before.node.op === after.node.op && before.node.inputs.join() === after.node.inputs.join()) {
    const index = after.node.attributes.findIndex(
      (attribute, i) => JSON.stringify(attribute) !== JSON.stringify(before.node.attributes[i]),
    )
    const attribute = after.node.attributes[index]
    if (attribute !== undefined) {
      return {
        code: 'changing-constant',
        message: `the attribute ${attribute.name} of ${after.node.op} changes from call to call: ${showAttribute(before.node.attributes[index])}, then ${showAttribute(attribute)}${atUserLine(traceOf(second))}`,
      }
    }
  }
  return { code: 'changing-ops', message: `${describe(before)}, then ${describe(after)}` }
}

function describe(node: StepNode | undefined): string {
  if (node === undefined) return 'the step ends'
  const inputs = node.node.inputs.length === 0 ? '' : ` of ${node.node.inputs.join(', ')}`
  return `the step runs ${node.node.op}${inputs}${atUserLine(traceOf(node.origin))}`
}

function usedBy({ node }: StepNode, graph: StepGraph): string {
  const user = graph.nodes.find((other) =>
    other.node.inputs.some((input) => input === node.name || input.startsWith(`${node.name}:`)),
  )
  return user === undefined ? '' : `, used by ${user.node.op}`
}

function traceOf(node: RecordedNode): Error | undefined {
  return 'trace' in node ? node.trace : undefined
}

function show({ shape, values }: TensorValue): string {
  const shown = Array.from<number | Uint8Array>(values).slice(0, 3)
  const text = shown
    .map((value) => (typeof value === 'number' ? Number(value.toPrecision(6)) : JSON.stringify(new TextDecoder().decode(value))))
    .join(', ')
  return `[${text}${values.length > 3 ? ', …' : ''}]${shape.length > 0 ? ` of shape [${shape.join(', ')}]` : ''}`
}

function showAttribute(attribute: GraphAttribute | undefined): string {
  return attribute === undefined || attribute.kind === 'tensor' ? 'nothing' : JSON.stringify(attribute.value)
}

function equalBytes(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && a.every((byte, index) => byte === b[index])
}
