import type * as tf from '@tensorflow/tfjs'
import { buildLayersModel } from './buildLayersModel.ts'
import type { GraphOptions } from './graphOptions.ts'
import { encode } from './wire/encode.ts'
import { toMessage } from './wire/toMessage.ts'

/**
 * Writes any tfjs layers model as one ONNX file that computes what `model.predict` does.
 *
 * Inputs of the graph: `x` (several: the names of their layers, or `x_0`, `x_1`, ... where tfjs made these up); outputs: `y` (several: likewise). The batch is
 * the symbolic size `batch`, other sizes that the model leaves open are symbols too. Bayesian layers have their posterior's means for weights; for files that keep the
 * uncertainty there is `exportModel`.
 *
 * The same model and options give the same bytes: no dates, no counters. A layer's name appears in the file if the user gave it.
 *
 * @param model a built model: sequential or functional, nested and shared parts, several inputs and outputs
 * @param options opset (default 17), precision, folding, and whether every node must have a CUDA kernel (default)
 * @returns the file's bytes
 * @throws UnsupportedLayerError listing every layer that has no lowering, InvalidModelError, InvalidOptionError before any work;
 *   InvalidWeightError for a weight that is not finite; MissingCudaKernelError for a graph that would not run wholly on CUDA; ModelTooLargeError for weights beyond
 *   2 GiB, which only a file with external data can hold (`exportLayersModelToFile`)
 */
export function exportLayersModel(model: tf.LayersModel, options: GraphOptions = {}): Uint8Array {
  return encode(toMessage(buildLayersModel(model, options)))
}
