import { OPS_BY_OUTPUTS } from './opOutputs.ts'

const outputsOf = new Map(
  OPS_BY_OUTPUTS.flatMap(([outputs, ops]) => ops.split(' ').map((op) => [op, outputs.split(' ')] as const)),
)

/** Whether an op's outputs are known by name: a function's body can hold no other. */
export function hasOutputNames(op: string): boolean {
  return outputsOf.has(op)
}

/** How a function's node refers to an output of an op: `name:index`. An op with one output name may have a list of tensors under it. */
export function outputName(op: string, output: number): string {
  const names = outputsOf.get(op)!
  return names.length === 1 ? `${names[0]}:${output}` : `${names[output]}:0`
}
