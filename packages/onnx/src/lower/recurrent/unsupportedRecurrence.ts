import type { Slot } from '../../plan/modelPlan.ts'
import type { UnloweredCall } from '../lowering.ts'
import type { RecurrentLayer } from './recurrence.ts'

/** Why a recurrent layer's settings, or its cell, have no counterpart; undefined if they have. */
export function unsupportedRecurrence({
  layer,
  inputs,
  reasonAgainst,
}: Pick<UnloweredCall, 'layer' | 'inputs' | 'reasonAgainst'>): string | undefined {
  if ((layer as unknown as { readonly stateful: boolean }).stateful)
    return 'stateful: a graph keeps nothing between runs; give the states as inputs (initialState) and take them as outputs (returnState)'
  const { cell } = layer as RecurrentLayer
  const [x] = inputs
  const { stateSize } = cell as unknown as { readonly stateSize: number | readonly number[] }
  const step: Slot = { ...x!, shape: x!.shape.toSpliced(1, 1) }
  const states = [stateSize].flat().map((size): Slot => ({ shape: [null, size as number], dtype: 'float32' }))
  return reasonAgainst(cell, [step, ...states], [states[0]!, ...states])
}
