import { OPS_BY_INPUT_TYPES, OPS_BY_OUTPUTS } from './opDefinitions.ts'

/** Ops on a variable that lives within one step. They are kept out of the generated table, whose ops have neither handles nor effects. */
const OPS_ON_STEP_VARIABLES = [
  ['resource', 'VarHandleOp'],
  ['value', 'ReadVariableOp TensorMapLookup'],
  ['', 'AssignVariableOp ResourceApplyAdam NoOp'],
] as const

const outputsOf = byOp([...OPS_BY_OUTPUTS, ...OPS_ON_STEP_VARIABLES], ' ')
const inputTypesOf = byOp(OPS_BY_INPUT_TYPES, ',')

/** Whether an op is known by name: the body of a function can hold no other. */
export function isKnownOp(op: string): boolean {
  return outputsOf.has(op)
}

/** How a function's node refers to an output of an op: `name:index`. An op with one output name may have a list of tensors under it. */
export function outputName(op: string, output: number): string {
  const names = outputsOf.get(op)!
  return names.length === 1 ? `${names[0]}:${output}` : `${names[output]}:0`
}

/**
 * The type attributes of an op that follow from its inputs. Eager execution takes them from there, whatever a kernel says: tfjs-node's Mean of
 * booleans says bool and hands in floats, its ExpandDims says nothing.
 *
 * @param dtypes types of the inputs, in order
 */
export function inferredTypes(op: string, dtypes: readonly number[]): ReadonlyMap<string, number> {
  const inferred = new Map<string, number>()
  const names = inputTypesOf.get(op) ?? []
  const listLength = dtypes.length - (names.length - 1)
  let input = 0
  for (const name of names) {
    const isList = name.startsWith('*')
    const attribute = isList ? name.slice(1) : name
    const dtype = dtypes[input]
    if (attribute !== '' && dtype !== undefined && !inferred.has(attribute)) inferred.set(attribute, dtype)
    input += isList ? listLength : 1
  }
  return inferred
}

function byOp(groups: readonly (readonly [string, string])[], separator: string): ReadonlyMap<string, readonly string[]> {
  return new Map(groups.flatMap(([key, ops]) => ops.split(' ').map((op) => [op, key.split(separator)] as const)))
}
