import type { Message } from '../wire/schema.ts'

/** Operators that hand indices on as they are. */
const CARRIERS: ReadonlySet<string> = new Set([
  'Cast',
  'Identity',
  'Reshape',
  'Squeeze',
  'Unsqueeze',
  'Transpose',
  'Slice',
  'Concat',
  'Expand',
])

/**
 * Which inputs hold indices of an embedding's rows, for which any other number will not do.
 *
 * @param model a file as it was decoded
 * @returns by the input's name, how many rows the smallest of its embeddings has
 */
export function indexInputs({ graph }: Message<'ModelProto'>): ReadonlyMap<string, number> {
  const shapes = new Map((graph?.initializer ?? []).map(({ name = '', dims }) => [name, (dims ?? []).map(Number)]))
  const limits = new Map<string, number>()
  const limit = (name: string | undefined, rows: number | undefined): void => {
    if (name != null && rows != null) limits.set(name, Math.min(rows, limits.get(name) ?? rows))
  }
  // A node comes after those whose results it uses, so that going backwards its results are known first.
  for (const { opType = '', input = [], output = [], attribute } of [...(graph?.node ?? [])].reverse()) {
    if (opType === 'Gather') {
      const axis = Number(attribute?.find(({ name }) => name === 'axis')?.i ?? 0n)
      limit(input[1], shapes.get(input[0] ?? '')?.at(axis))
    }
    if (CARRIERS.has(opType)) for (const name of input) limit(name, limits.get(output[0] ?? ''))
  }
  const inputs = (graph?.input ?? []).map(({ name = '' }) => name)
  return new Map(inputs.filter((name) => limits.has(name)).map((name) => [name, limits.get(name)!]))
}
