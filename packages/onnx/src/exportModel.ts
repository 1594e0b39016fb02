import type * as tf from '@tensorflow/tfjs'
import { buildModel } from './buildModel.ts'
import type { ExportOptions } from './exportOptions.ts'
import { encode } from './wire/encode.ts'
import { toMessage } from './wire/toMessage.ts'

/**
 * Writes a model, its posterior included, as one ONNX file.
 *
 * Inputs of the graph: `x` [batch, ...] (several inputs: their layers' names); `samples` [1], int64, where noise is drawn inside the graph and the
 * number of draws is left open; `noise_0`, `noise_1`, ... [samples, batch, units], standard normal, one per call of a Bayesian layer in the order in which
 * tfjs runs them, where the noise is fed. Outputs for a categorical likelihood: `probabilities` [batch, classes], `entropy` [batch] and, with draws,
 * `expected_entropy` and `mutual_information` [batch], in nats; for a Gaussian one `mean`, `aleatoric_variance` and, with draws, `epistemic_variance`,
 * [batch, units]. The file holds mu and sigma^2, no rho. In mode 'localReparameterization' every Bayesian layer draws pre-activations, whatever
 * estimator it was trained with: each row's distribution is right, what rows have in common through one weight draw is not there.
 *
 * The same model and options give the same bytes: no dates, no counters. A layer's name appears in the file if the user gave it.
 *
 * @param model a built model of ordinary and Bayesian layers with one output
 * @param options mode and noise; likelihood (default categorical); opset (default 17)
 * @returns the file's bytes
 * @throws UnsupportedLayerError listing every layer that has no lowering; InvalidModelError, InvalidOptionError before any work;
 *   InvalidWeightError for a weight that is not finite; MissingCudaKernelError for a graph that would not run wholly on CUDA
 */
export function exportModel(model: tf.LayersModel, options: ExportOptions): Uint8Array {
  return encode(toMessage(buildModel(model, options)))
}
