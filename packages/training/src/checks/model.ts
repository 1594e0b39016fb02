import * as tf from '@tensorflow/tfjs'
import { VariationalLayer } from '@tfjs-bayes/layers'
import { type Rows, requireRows, shapeOf } from '../data/rows.ts'
import { ShapeMismatchError, UnsupportedModelError } from '../errors.ts'

/** Refuses a model that has more than one input or output, or carries losses of its own beside the KL of its variational layers. */
export function requireTrainableModel(model: tf.LayersModel): void {
  requireSingleInputAndOutput(model)
  if (model.trainableWeights.length === 0) {
    throw new UnsupportedModelError('The model has no trainable weights.', 'Add a layer with weights, or set trainable to true.')
  }
  for (const layer of flattenedLayers(model)) {
    if (layer.losses.length > 0 && !(layer instanceof VariationalLayer)) {
      throw new UnsupportedModelError(
        `Layer '${layer.name}' has a regularizer, which is no part of the ELBO.`,
        'Remove it, and say the same through the prior of a variational layer.',
      )
    }
  }
}

export function requireSingleInputAndOutput(model: tf.LayersModel): void {
  if (!model.inputs?.length) {
    throw new UnsupportedModelError('The model has no layers.', 'Add one with an inputShape.')
  }
  if (model.inputs.length !== 1 || model.outputs.length !== 1) {
    throw new UnsupportedModelError(
      `The model has ${model.inputs.length} inputs and ${model.outputs.length} outputs; one of each is supported.`,
      'Concatenate the inputs into one tensor, or train the parts apart.',
    )
  }
}

/** Refuses inputs whose shape the model does not take; the first axis is the rows. */
export function requireInputShape(what: string, x: Rows, model: tf.LayersModel): void {
  requireRows(what, x)
  const expected = model.inputs[0]!.shape
  const shape = shapeOf(x)
  const fits =
    shape.length === expected.length && expected.every((size, axis) => axis === 0 || size === null || size === shape[axis])
  if (!fits) {
    const described = expected.map((size, axis) => (axis === 0 ? 'rows' : (size ?? 'any'))).join(', ')
    throw new ShapeMismatchError(what, shape, `[${described}], the input of the model '${model.name}'`)
  }
}

/** Refuses a model that ends in a softmax where logits are needed: a second softmax would flatten every prediction without a sign of it. */
export function requireLogits(model: tf.LayersModel): void {
  requireNoFinal(model, 'softmax')
}

/** Refuses a model that ends in a sigmoid where logits are needed. */
export function requireNoSigmoid(model: tf.LayersModel): void {
  requireNoFinal(model, 'sigmoid')
}

function requireNoFinal(model: tf.LayersModel, name: 'softmax' | 'sigmoid'): void {
  let last: tf.layers.Layer = model.outputs[0]!.sourceLayer
  while (last instanceof tf.LayersModel) last = last.outputs[0]!.sourceLayer
  const activation = (last as { activation?: tf.serialization.Serializable }).activation?.getClassName()
  if (activation === name || last.getClassName().toLowerCase() === name) {
    throw new UnsupportedModelError(
      `The last layer '${last.name}' applies a ${name}, but the outputs must be logits.`,
      "Give it activation 'linear'; probabilities are made from the logits where they are needed.",
    )
  }
}

function flattenedLayers(model: tf.LayersModel): tf.layers.Layer[] {
  return model.layers.flatMap((layer) => (layer instanceof tf.LayersModel ? flattenedLayers(layer) : [layer]))
}
