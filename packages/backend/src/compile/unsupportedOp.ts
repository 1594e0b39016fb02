import { ANONYMOUS_NAME } from './anonymousName.ts'
import { isKnownOp } from './opDefinition.ts'
import { dtypeOf, type OpNode, type RecordedNode } from './recording.ts'
import { DT_RESOURCE, DT_VARIANT } from './wire/graphDef.ts'

/** Ops whose result's shape depends on values: what JavaScript derives from that shape would be frozen in the graph. */
const DATA_DEPENDENT_SHAPE = new Set([
  'NonMaxSuppression',
  'NonMaxSuppressionV2',
  'NonMaxSuppressionV3',
  'NonMaxSuppressionV4',
  'NonMaxSuppressionV5',
  'Unique',
  'UniqueV2',
  'UniqueWithCounts',
  'Where',
])

/** Why a graph cannot hold a recorded op, or undefined where it can. */
export function unsupportedOp(node: OpNode): string | undefined {
  const { op } = node
  if (DATA_DEPENDENT_SHAPE.has(op)) return `the shape of ${op}'s result depends on values`
  const handles = node.inputs.filter((input) => dtypeOf(input) === DT_RESOURCE)
  if (node.outputDtypes.length === 0 && handles.length === 0) return `${op} has no result, only an effect outside the graph`
  const dtypes = [...node.outputDtypes, ...node.inputs.map(dtypeOf)]
  const ownHandles = handles.every((handle) => isStepVariable(handle.node)) && (handles.length > 0 || isStepVariable(node))
  if (dtypes.includes(DT_VARIANT) || (dtypes.includes(DT_RESOURCE) && !ownHandles))
    return `${op} works on a resource handle, which a graph of its own cannot see`
  const seed = node.attributes.find(({ name, kind, value }) => /^seed2?$/.test(name) && kind === 'integer' && value !== 0)
  // Without a seed TensorFlow draws fresh numbers both ways; with one, eager execution and each graph keep streams of their own.
  if (seed !== undefined)
    return `${op} draws from a hidden seeded stream; draw with statelessNormal and pass its counter as an argument`
  if (!isKnownOp(op)) return `${op} is not among the ops that a compiled step can hold`
  return undefined
}

/** Whether a node makes a variable of TensorFlow that lives within the step. */
function isStepVariable(node: RecordedNode): boolean {
  return (
    node.kind === 'op' &&
    node.op === 'VarHandleOp' &&
    node.attributes.some(({ name, value }) => name === 'shared_name' && value === ANONYMOUS_NAME)
  )
}
