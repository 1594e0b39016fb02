import type { Graph, OnnxModel } from '../ir/graph.ts'
import { bodiesOf, type Node } from '../ir/node.ts'
import type { Value } from '../ir/value.ts'
import { SCHEMAS, sinceVersion } from '../ops/schemas.ts'
import { CUDA_KERNELS } from './kernels.ts'

/**
 * Checks each node of a model against the table of onnxruntime's CUDA kernels, without a GPU.
 *
 * With v the version of the operator's schema that rules at the model's opset, a kernel `since-until` matches when since <= v <= until, but
 * a kernel `since+` only when v = since: an operator that a later opset redefined loses it. The node's element types must be listed too.
 *
 * @param model a model whose values have types
 * @returns one sentence for each node that would run on the CPU; empty when the whole graph runs on CUDA
 */
export function checkCudaKernels(model: OnnxModel): readonly string[] {
  return problemsOf(model.graph, model.opset)
}

function problemsOf(graph: Graph, opset: number): readonly string[] {
  return graph.nodes.flatMap((node) => {
    const problem = problemOf(node, opset) ?? recurrentProblem(node)
    return [
      ...(problem == null ? [] : [`${node.hint}: ${problem}`]),
      ...bodiesOf(node).flatMap((body) => problemsOf(body, opset)),
    ]
  })
}

const RECURRENT_ACTIVATIONS: Readonly<Record<string, string>> = { LSTM: 'Sigmoid,Tanh,Tanh', GRU: 'Sigmoid,Tanh', RNN: 'Tanh' }

/**
 * What onnxruntime's CUDA provider, beyond the table, asks of recurrent operators before it takes them (RNNNeedFallbackToCPU in its
 * cuda_execution_provider.cc): cuDNN's own activations, and a reset gate behind the product.
 */
export function recurrentProblem({ opType, attributes }: Pick<Node, 'opType' | 'attributes'>): string | undefined {
  const expected = RECURRENT_ACTIVATIONS[opType]
  if (expected == null) return undefined
  const { activations } = attributes
  if (activations != null && String(activations) !== expected)
    return `the CUDA kernel of ${opType} takes the activations ${expected}, not ${String(activations)}`
  if (opType === 'GRU' && attributes['linear_before_reset'] !== 1n)
    return 'the CUDA kernel of GRU resets behind the product (linear_before_reset = 1) only'
  return undefined
}

function problemOf(node: Node, opset: number): string | undefined {
  const { opType } = node
  const version = sinceVersion(opType, opset)
  if (version == null) return `${opType} is not in this package's table of operators, so its version at opset ${opset} is unknown`
  const kernels = (CUDA_KERNELS[opType] ?? []).map(parseKernel)
  if (kernels.length === 0) return `${opType} has no CUDA kernel`
  const matching = kernels.filter(({ since, until }) =>
    until == null ? version === since : since <= version && version <= until,
  )
  if (matching.length === 0) {
    return `${opType} has the version ${version} at opset ${opset}, its CUDA kernels are ${CUDA_KERNELS[opType]!.map((row) => row.split(' ')[0]).join(', ')}`
  }
  const types = typesOf(node)
  const wrong = matching.map((kernel) =>
    [...types].find(([parameter, type]) => kernel.types.get(parameter)?.includes(type) === false),
  )
  if (wrong.some((pair) => pair == null)) return undefined
  const [parameter, type] = wrong[0]!
  return `${opType} has no CUDA kernel for ${parameter} = ${type}`
}

interface Kernel {
  readonly since: number
  readonly until: number | undefined
  readonly types: ReadonlyMap<string, readonly string[]>
}

function parseKernel(row: string): Kernel {
  const [range, ...parameters] = row.split(' ')
  const [since, until] = range!.split(/[-+]/)
  const types = parameters.map((parameter) => {
    const [name, list] = parameter.split('=')
    return [name!, list!.split(',')] as const
  })
  return { since: Number(since), until: until === '' ? undefined : Number(until), types: new Map(types) }
}

// Actual element types by the type parameter's name and, since the table names some parameters so, by the input's name.
function typesOf(node: Node): ReadonlyMap<string, string> {
  const schema = SCHEMAS[node.opType]!
  const types = new Map<string, string>()
  const record = (formal: string | undefined, value: Value | undefined): void => {
    if (formal == null || value == null) return
    const [name, variable] = formal.split(':')
    types.set(variable!, value.type.elementType)
    types.set(name!.replace(/[?*]$/, ''), value.type.elementType)
  }
  node.inputs.forEach((input, index) => {
    const last = schema.inputs.at(-1)
    record(schema.inputs[index] ?? (last?.includes('*') ? last : undefined), input)
  })
  node.outputs.forEach((output, index) => {
    record(schema.outputs[index], output)
  })
  return types
}
