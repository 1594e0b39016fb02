import type * as tf from '@tensorflow/tfjs'
import { type ExportOptions, exportModel, UnsupportedLayerError } from '../../src/index.ts'

/** The file of a model; undefined where mode `moments`, which does not know every layer, refuses it by name. */
export function exportOrRefusal(model: tf.LayersModel, options: ExportOptions): Uint8Array | undefined {
  try {
    return exportModel(model, options)
  } catch (error) {
    if (!(error instanceof UnsupportedLayerError && options.mode === 'moments')) throw error
    return undefined
  }
}
