import { checkCudaKernels } from './cuda/checkCudaKernels.ts'
import { MissingCudaKernelError } from './errors.ts'
import type { GraphOptions } from './graphOptions.ts'
import { type OnnxModel, type Port, withoutDeadNodes } from './ir/graph.ts'
import { checkInvariants } from './ir/invariants.ts'
import type { Tape } from './ir/tape.ts'
import { cancelTransposes } from './passes/cancelTransposes.ts'
import { dropDeadUnits } from './passes/deadUnits/dropDeadUnits.ts'
import { foldConstantUnits } from './passes/deadUnits/foldConstantUnits.ts'
import { foldAffine } from './passes/foldAffine.ts'
import { foldConstants } from './passes/foldConstants.ts'

/**
 * Makes a model of what was recorded: leaves out what no output needs, dead units too, cancels transposes, folds what the options say, and checks the result.
 *
 * @throws GraphInvariantError for a broken graph; MissingCudaKernelError
 */
export function finishModel(
  tape: Tape,
  name: string,
  ports: readonly Port[],
  metadata: OnnxModel['metadata'],
  options: GraphOptions,
): OnnxModel {
  const taken = new Set(ports.map((port) => port.value))
  const recorded = tape.finish(name, distinct(tape, ports, taken))
  const cancelled = cancelTransposes({ graph: withoutDeadNodes(recorded), opset: tape.opset, metadata })
  const live = dropDeadUnits(foldConstantUnits(cancelled))
  const folded = options.foldBatchNormalization === true ? foldAffine(live) : live
  const result = options.foldConstants === true ? foldConstants(folded) : folded
  checkInvariants(result)
  const onCpu = (options.cuda ?? 'required') === 'required' ? checkCudaKernels(result) : []
  if (onCpu.length > 0) throw new MissingCudaKernelError(onCpu)
  return result
}

/** A graph's output must be made by a node, and be no output twice: an input or a weight cannot have a second name. */
function distinct(tape: Tape, ports: readonly Port[], taken: Set<Port['value']>): readonly Port[] {
  return ports.map(({ name, value }) => {
    const isFirst = taken.delete(value)
    return { name, value: value.producer == null || !isFirst ? tape.op('Identity', [value]) : value }
  })
}
