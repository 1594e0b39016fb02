import type * as tf from '@tensorflow/tfjs'
import type { LayerCall } from '../plan/modelPlan.ts'

/** What the layer of a call says of itself, with the activation that the plan gives it. */
export function configOf({ layer, activation }: LayerCall): tf.serialization.ConfigDict {
  const config = layer.getConfig()
  return activation == null ? config : { ...config, activation }
}
