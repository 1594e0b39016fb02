import type * as tf from '@tensorflow/tfjs'
import type { EstimatorName } from '@tfjs-bayes/layers'
import fc from 'fast-check'
import { buildImageModel, type ImageSpec, imageShape, imageSpec } from './randomImageModel.ts'
import { buildRandomModel, type ModelSpec, modelSpec } from './randomModel.ts'

export type AnySpec = ModelSpec | ImageSpec

/** Random models of every family that the exporter can write. */
export function anySpec(options: { readonly bayesian: boolean }): fc.Arbitrary<AnySpec> {
  return fc.oneof<fc.Arbitrary<AnySpec>[]>(modelSpec(options), imageSpec(options))
}

/** Builds a model with random weights. */
export function buildAnyModel(spec: AnySpec, estimator: EstimatorName = 'localReparameterization'): tf.LayersModel {
  return spec.family === 'flat' ? buildRandomModel(spec, estimator) : buildImageModel(spec, estimator)
}

/** The shape of one row of its input. */
export function rowShape(spec: AnySpec): number[] {
  return spec.family === 'flat' ? [spec.inputs] : imageShape(spec)
}

/** Whether its output is probabilities, and no logits. */
export function endsInSoftmax(spec: AnySpec): boolean {
  return spec.family === 'flat' && spec.last.startsWith('softmax')
}
