import { VariationalLayer } from '@tfjs-bayes/layers'
import type { LayerCall, ModelPlan, Slot } from '../plan/modelPlan.ts'
import { configOf } from './layerConfig.ts'
import { identity } from './layers/identity.ts'
import { loweringOf } from './registry.ts'

/**
 * The plan of a classifier that gives logits: a softmax along the last axis at the model's end, in whatever form and with layers that do nothing behind it,
 * is taken off, since the predictive distribution works on logits.
 *
 * @param plan a model with one output
 * @returns the same plan where the model does not end in softmax
 */
export function withoutFinalSoftmax(plan: ModelPlan): ModelPlan {
  let slot: Slot = plan.outputs[0]!
  let call = producerOf(plan, slot)
  while (call != null && loweringOf(call.layer.getClassName()) === identity) {
    slot = call.inputs[0]!
    call = producerOf(plan, slot)
  }
  if (call == null) return plan
  const { layer } = call
  const className = layer.getClassName()
  const rank = call.outputs[0]!.shape.length
  const config = configOf(call)
  const isLayer = className === 'Softmax' && [-1, rank - 1].includes([config['axis']].flat()[0] as number)
  if (isLayer || (className === 'Activation' && config['activation'] === 'softmax'))
    return { ...plan, outputs: [call.inputs[0]!] }
  const isOption = config['activation'] === 'softmax' && (layer instanceof VariationalLayer || loweringOf(className) != null)
  if (!isOption) return plan
  const linear: LayerCall = { ...call, activation: 'linear' }
  return { ...plan, calls: plan.calls.map((other) => (other === call ? linear : other)), outputs: [call.outputs[0]!] }
}

function producerOf({ calls }: ModelPlan, slot: Slot): LayerCall | undefined {
  return calls.find(({ outputs }) => outputs.includes(slot))
}
