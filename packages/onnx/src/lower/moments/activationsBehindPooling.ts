import * as tf from '@tensorflow/tfjs'
import type { LayerCall, ModelPlan, Slot } from '../../plan/modelPlan.ts'
import { configOf } from '../layerConfig.ts'

/** Elementwise activations that never fall: the maximum of what they give is what they give for the maximum. */
const INCREASING: ReadonlySet<unknown> = new Set([
  'elu',
  'hardSigmoid',
  'relu',
  'relu6',
  'selu',
  'sigmoid',
  'softplus',
  'softsign',
  'tanh',
])
const MAXIMUM_POOLING: ReadonlySet<string> = new Set([
  'MaxPooling1D',
  'MaxPooling2D',
  'MaxPooling3D',
  'GlobalMaxPooling1D',
  'GlobalMaxPooling2D',
])

/**
 * The plan with every increasing activation that only maximum pooling reads moved behind the pooling. The model is the same, but the moments of a maximum are
 * closer for pre-activations, which are nearer to normal than what ReLU leaves of them, and the activation has a fraction of the elements to work on.
 *
 * @param plan any model
 * @returns the same plan where there is nothing to move
 */
export function activationsBehindPooling(plan: ModelPlan): ModelPlan {
  for (const call of plan.calls) {
    const moved = behindPooling(plan, call)
    // An activation may pass several poolings.
    if (moved != null) return activationsBehindPooling(moved)
  }
  return plan
}

function behindPooling(plan: ModelPlan, call: LayerCall): ModelPlan | undefined {
  const [output] = call.outputs
  const { activation } = configOf(call)
  if (!INCREASING.has(activation) || call.outputs.length !== 1 || plan.outputs.includes(output!)) return undefined
  const readers = new Set(plan.calls.filter(({ inputs }) => inputs.includes(output!)))
  if (readers.size === 0 || ![...readers].every(({ layer }) => MAXIMUM_POOLING.has(layer.getClassName()))) return undefined
  const calls = plan.calls.flatMap((other): readonly LayerCall[] => {
    if (other === call) return [{ ...call, activation: 'linear' }]
    if (!readers.has(other)) return [other]
    const pooled: Slot = { ...other.outputs[0]! }
    const layer = tf.layers.activation({ activation: activation as 'relu', name: `${call.layer.name}_activation` })
    const behind = { layer, name: `${other.name}/${call.name}`, path: other.path, inputs: [pooled], outputs: other.outputs }
    return [{ ...other, outputs: [pooled] }, behind]
  })
  return { ...plan, calls }
}
