import * as tf from '@tensorflow/tfjs'
import { VariationalLayer } from '@tfjs-bayes/layers'
import { type UnsupportedLayer, UnsupportedLayerError } from '../errors.ts'
import { type LayerCall, type ModelPlan, planModel, type Slot } from '../plan/modelPlan.ts'
import { hasActivation } from './activation.ts'
import { configOf } from './layerConfig.ts'
import type { UnloweredCall } from './lowering.ts'
import { MaskFlow } from './masks.ts'
import { activationWithoutMoments } from './moments/activationMoments.ts'
import { stagesOf } from './operators/operators.ts'
import { impossibleReasonOf, loweringOf } from './registry.ts'

/**
 * Checks that every layer of a model can be written.
 *
 * @param plan the model's layer calls
 * @param uncertain whether means and variances are to be propagated
 * @throws UnsupportedLayerError listing every layer that cannot
 */
export function checkLayers(plan: ModelPlan, uncertain: boolean): void {
  const unsupported = unsupportedLayers(plan, uncertain)
  if (unsupported.length > 0) throw new UnsupportedLayerError(unsupported)
}

function unsupportedLayers(plan: ModelPlan, uncertain: boolean): readonly UnsupportedLayer[] {
  const unsupported = new Map<tf.layers.Layer, UnsupportedLayer>()
  const uncertainSlots = new Set<Slot>()
  const masks = new MaskFlow()
  for (const call of plan.calls) {
    const behindBayesian = uncertain && call.inputs.some((slot) => uncertainSlots.has(slot))
    if (uncertain && (behindBayesian || call.layer instanceof VariationalLayer))
      for (const slot of call.outputs) uncertainSlots.add(slot)
    const { reason: maskReason } = masks.follow(call, loweringOf(call.layer.getClassName()), unloweredCall(call))
    const reason =
      reasonAgainst(call) ??
      reasonAgainstPlace(call, plan) ??
      (maskReason == null ? undefined : { reason: maskReason }) ??
      (uncertain ? reasonAgainstMoments(call, behindBayesian) : undefined)
    if (reason !== undefined)
      unsupported.set(call.layer, { name: call.layer.name, className: call.layer.getClassName(), ...reason })
  }
  return [...unsupported.values()]
}

/** A call as lowerings are asked about it. */
export function unloweredCall(call: LayerCall): UnloweredCall {
  const { layer, inputs, outputs } = call
  return { layer, config: configOf(call), inputs, outputs, reasonAgainst: reasonAgainstInner }
}

function reasonAgainst(call: LayerCall): { readonly reason?: string } | undefined {
  const { layer } = call
  const config = configOf(call)
  if (layer instanceof VariationalLayer) {
    const stages = stagesOf(layer.operator.name)
    if (stages == null) return { reason: `operator ${JSON.stringify(layer.operator.name)}` }
    const activation = config['activation'] ?? 'linear'
    const reason =
      stages.map(({ operator }) => operator.unsupported?.(config, call.inputs[0]!)).find((each) => each != null) ??
      (hasActivation(activation) ? undefined : `activation ${JSON.stringify(activation)}`)
    return reason == null ? undefined : { reason }
  }
  const className = layer.getClassName()
  const lowering = loweringOf(className)
  const reason = lowering == null ? impossibleReasonOf(className) : lowering.unsupported?.(unloweredCall(call))
  if (lowering == null) return reason == null ? {} : { reason }
  return reason == null ? undefined : { reason }
}

/** What a layer is built for that stands behind one whose shape tfjs has wrong, is not what it would be given. */
function reasonAgainstPlace({ layer, outputs }: LayerCall, { calls }: ModelPlan): { readonly reason: string } | undefined {
  if (loweringOf(layer.getClassName())?.shapesAreWrong !== true) return undefined
  const behind = calls.find(({ inputs }) => inputs.some((slot) => outputs.includes(slot)))
  if (behind == null) return undefined
  return {
    reason: `tfjs is wrong about the shape of its output, so no layer can stand behind it, as "${behind.layer.name}" does`,
  }
}

/** A layer inside another one, or a model: its reason names it, since the error lists only the outer layer. */
function reasonAgainstInner(layer: tf.layers.Layer, inputs: readonly Slot[], outputs: readonly Slot[]): string | undefined {
  if (layer instanceof tf.LayersModel) {
    const [first] = unsupportedLayers(planModel(layer), false)
    return first == null
      ? undefined
      : `its layer "${first.name}" (${first.className})${first.reason == null ? '' : `: ${first.reason}`}`
  }
  const named = `its layer "${layer.name}" (${layer.getClassName()})`
  if (layer instanceof VariationalLayer) return `${named} is Bayesian, which no layer around it is prepared for`
  const found = reasonAgainst({ layer, name: '', path: '', inputs, outputs })
  if (found == null) return undefined
  return found.reason == null ? `${named} has no lowering` : `${named}: ${found.reason}`
}

function reasonAgainstMoments(call: LayerCall, behindBayesian: boolean): { readonly reason?: string } | undefined {
  const { layer } = call
  const config = configOf(call)
  let reason: string | undefined
  if (layer instanceof VariationalLayer) {
    reason =
      behindBayesian && layer.operator.takesIndices === true
        ? `behind a Bayesian layer its indices are uncertain; mode 'moments' cannot write that`
        : activationWithoutMoments((config['activation'] ?? 'linear') as string)
  } else if (behindBayesian) {
    const lowering = loweringOf(layer.getClassName())!
    reason =
      lowering.moments == null
        ? `behind a Bayesian layer it has no moments; mode 'moments' cannot write it`
        : lowering.unsupportedMoments?.(unloweredCall(call))
  }
  return reason == null ? undefined : { reason }
}
