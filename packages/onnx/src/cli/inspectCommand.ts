import { checkCudaKernels } from '../cuda/checkCudaKernels.ts'
import { initializersOf, type OnnxModel, type Port } from '../ir/graph.ts'
import type { Value } from '../ir/value.ts'
import { floatsOf } from '../passes/deadUnits/linearNode.ts'
import { choiceOption, commandArguments, type OptionTexts } from './arguments.ts'
import type { Command } from './command.ts'
import { readWholeModel } from './readWholeModel.ts'
import { tableLines } from './table.ts'

const OPTIONS: OptionTexts = { nodes: 'yes: list every node too' }

/** `inspect model.onnx`: what is in a file. */
export const inspectCommand: Command = {
  usage: 'inspect MODEL.onnx',
  purpose: 'show inputs, outputs, operators, size by layer, weights, and what has no CUDA kernel',
  options: OPTIONS,
  run: async (args, print) => {
    const { path, options } = commandArguments(args, OPTIONS)
    const withNodes = choiceOption('nodes', options['nodes'] ?? 'no')
    const { model, bytes } = await readWholeModel(path)
    for (const line of describe(path, bytes, model, withNodes)) print(line)
    return 0
  },
}

function describe(path: string, size: number, model: OnnxModel, withNodes: boolean): readonly string[] {
  const { graph, opset, metadata } = model
  const said = Object.entries(metadata).map(([key, value]) => `${key.replace('tfjs_bayes.', '')} ${value}`)
  const missing = checkCudaKernels(model)
  const nodeRows = graph.nodes.map((node) => [node.hint, node.opType, node.outputs.map(typeText).join(', ')])
  return [
    `${path}: ${size.toLocaleString('en')} bytes, opset ${opset}`,
    said.join(', '),
    '',
    ...graph.inputs.map((port) => `input   ${portText(port)}`),
    ...graph.outputs.map((port) => `output  ${portText(port)}`),
    '',
    ...tableLines(['layer', 'numbers', 'bytes', 'share'], layerRows(model)),
    '',
    ...tableLines(['weights', 'shape', 'bytes', 'mean', 'deviation', 'smallest', 'largest'], weightRows(model)),
    '',
    ...(withNodes
      ? tableLines(['node', 'operator', 'result'], nodeRows)
      : tableLines(['operator', 'nodes'], operatorRows(model))),
    '',
    missing.length === 0
      ? 'CUDA: every node has a kernel'
      : `CUDA: ${missing.length} of ${graph.nodes.length} nodes have no kernel`,
    ...missing.map((line) => `  ${line}`),
  ]
}

/** Everything that the file stores, scalars and shapes too, by the layer that its name tells; the largest layer first. */
function layerRows({ graph }: OnnxModel): readonly (readonly (string | number)[])[] {
  const sizes = new Map<string, { numbers: number; bytes: number }>()
  for (const { hint, data } of initializersOf(graph)) {
    const layer = hint.includes('/') ? hint.slice(0, hint.lastIndexOf('/')) : NO_LAYER
    const size = sizes.get(layer) ?? { numbers: 0, bytes: 0 }
    sizes.set(layer, { numbers: size.numbers + data!.length, bytes: size.bytes + data!.byteLength })
  }
  const total = [...sizes.values()].reduce((sum, { bytes }) => sum + bytes, 0)
  return [...sizes]
    .sort(([a, x], [b, y]) => y.bytes - x.bytes || (a < b ? -1 : 1))
    .map(([layer, { numbers, bytes }]) => [layer, numbers, bytes, `${((100 * bytes) / total).toFixed(1)} %`])
}

const NO_LAYER = '(no layer)'

function weightRows({ graph }: OnnxModel): readonly (readonly (string | number)[])[] {
  return initializersOf(graph)
    .filter((value) => value.rank > 0 && value.type.elementType !== 'int64')
    .map((value) => [value.hint, `[${value.shape.join(', ')}]`, value.data!.byteLength, ...statistics(value)])
}

function operatorRows({ graph }: OnnxModel): readonly (readonly [string, number])[] {
  const counts = new Map<string, number>()
  for (const { opType } of graph.nodes) counts.set(opType, (counts.get(opType) ?? 0) + 1)
  return [...counts].sort(([a], [b]) => (a < b ? -1 : 1))
}

/** Mean, standard deviation, smallest and largest of the numbers of a tensor, as the file has them. */
function statistics(value: Value): readonly string[] {
  const numbers = floatsOf(value)
  if (numbers == null || numbers.length === 0) return ['', '', '', '']
  let [low, high, sum] = [numbers[0]!, numbers[0]!, 0]
  for (const number of numbers) {
    low = Math.min(low, number)
    high = Math.max(high, number)
    sum += number
  }
  const mean = sum / numbers.length
  let squares = 0
  for (const number of numbers) squares += (number - mean) ** 2
  return [mean, Math.sqrt(squares / numbers.length), low, high].map((number) => number.toPrecision(4))
}

function portText({ name, value }: Port): string {
  return `${name}  ${typeText(value)}`
}

function typeText({ type }: Value): string {
  return `${type.elementType}[${type.shape.join(', ')}]`
}
