import type { StepGraph } from './stepGraph.ts'
import { atUserLine } from './userLine.ts'

/** TensorFlow's message in one line, with the line of the step whose node it names. */
export function tensorFlowMessage(error: unknown, graph: StepGraph): string {
  const message = (error instanceof Error ? error.message : String(error))
    .replaceAll('{{function_node step}}', '')
    .replace(/\s+/g, ' ')
    .trim()
  const name = /\{\{node ([^}]+)\}\}/.exec(message)?.[1]
  const origin = graph.nodes.find(({ node }) => node.name === name)?.origin
  return origin?.kind === 'op' ? `${message} (${origin.op}${atUserLine(origin.trace)})` : message
}
