import { GraphInvariantError } from '../errors.ts'
import { showShape } from '../ops/dimensions.ts'
import { inferTypes } from '../ops/inferTypes.ts'
import { type Graph, initializersOf, type OnnxModel } from './graph.ts'
import { bodiesOf } from './node.ts'
import type { TensorType, Value } from './value.ts'

/**
 * Checks what every graph must satisfy before it is written:
 *
 * 1. a value is an input, an initializer or the result of exactly one node, and of nothing else;
 * 2. a node comes after the nodes whose results it uses;
 * 3. a node's results have the types that its operator infers from its inputs;
 * 4. an initializer has as many elements as its shape says, all sizes known;
 * 5. each input, and at least one result of each node, is used or is an output: nothing dangles;
 * 6. the names of inputs and outputs differ, and no value has two of them;
 * 7. the body of a node keeps all this too, and uses nothing of the graph around it but initializers.
 *
 * @param model a finished model
 * @throws GraphInvariantError listing every violation
 */
export function checkInvariants({ graph, opset }: OnnxModel): void {
  const violations = violationsOf(graph, opset)
  if (violations.length > 0) throw new GraphInvariantError(violations)
}

function violationsOf(graph: Graph, opset: number): readonly string[] {
  const violations: string[] = [...portViolations(graph), ...initializerViolations(graph)]
  const known = new Set<Value>(graph.inputs.map((port) => port.value))
  for (const value of known)
    if (value.producer != null || value.data != null) violations.push(`input ${value.hint} has a producer or data`)
  const used = new Set<Value>(graph.outputs.map((port) => port.value))
  for (const node of graph.nodes) {
    for (const input of node.inputs) {
      if (input == null) continue
      used.add(input)
      if (input.data == null && !known.has(input))
        violations.push(`${node.hint} uses ${input.hint}, which nothing before it makes`)
    }
    for (const output of node.outputs) {
      if (known.has(output) || output.producer !== node || output.data != null)
        violations.push(`${output.hint} has another producer than ${node.hint}`)
      known.add(output)
    }
    for (const body of bodiesOf(node)) violations.push(...violationsOf(body, opset))
    try {
      const inferred = inferTypes(node.opType, node.inputs, node.attributes, opset)
      const declared = node.outputs.map((output) => output.type)
      if (showTypes(inferred) !== showTypes(declared))
        violations.push(`${node.hint} is ${showTypes(declared)}, inferred ${showTypes(inferred)}`)
    } catch (error) {
      if (!(error instanceof GraphInvariantError)) throw error
      violations.push(...error.violations.map((violation) => `${node.hint}: ${violation}`))
    }
  }
  for (const { value } of graph.inputs) if (!used.has(value)) violations.push(`${value.hint} is used by nothing`)
  for (const { outputs } of graph.nodes)
    if (!outputs.some((output) => used.has(output))) violations.push(`${outputs[0]!.hint} is used by nothing`)
  for (const { name, value } of graph.outputs)
    if (value.data == null && !known.has(value)) violations.push(`output ${name} is made by nothing`)
  return violations
}

function portViolations(graph: Graph): readonly string[] {
  const ports = [...graph.inputs, ...graph.outputs]
  const violations: string[] = []
  if (new Set(ports.map((port) => port.name)).size !== ports.length) violations.push('two inputs or outputs have the same name')
  if (new Set(ports.map((port) => port.value)).size !== ports.length) violations.push('a value is an input or output twice')
  return violations
}

function initializerViolations(graph: Graph): readonly string[] {
  return initializersOf(graph).flatMap((value) => {
    const size = value.shape.reduce<number>(
      (total, dimension) => total * (typeof dimension === 'number' ? dimension : Number.NaN),
      1,
    )
    const wrong = value.producer != null || value.data!.length !== size
    return wrong ? [`initializer ${value.hint} of shape ${showShape(value.shape)} has ${value.data!.length} elements`] : []
  })
}

function showTypes(types: readonly TensorType[]): string {
  return types.map((type) => `${type.elementType}${showShape(type.shape)}`).join(', ')
}
