import * as tf from '@tensorflow/tfjs'
import { VariationalLayer } from '@tfjs-bayes/layers'
import { type Rows, requireRows, shapeOf } from '../data/rows.ts'
import { InvalidOptionError, ShapeMismatchError, UnsupportedModelError } from '../errors.ts'

/** Refuses a model that has nothing to train, or carries losses of its own beside the KL of its variational layers. */
export function requireTrainableModel(model: tf.LayersModel): void {
  requireBuiltModel(model)
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

/** Refuses a model without layers, and one with several inputs or outputs of which one leaves an axis open beside the rows. */
export function requireBuiltModel(model: tf.LayersModel): void {
  if (typeof (model as Partial<tf.LayersModel> | null | undefined)?.apply !== 'function') {
    throw new InvalidOptionError('model', model, 'a tf.LayersModel, say of tf.sequential')
  }
  if (!model.inputs?.length) {
    throw new UnsupportedModelError('The model has no layers.', 'Add one with an inputShape.')
  }
  for (const tensors of [model.inputs, model.outputs]) {
    const open = tensors.length > 1 && tensors.find(({ shape }) => shape.slice(1).includes(null))
    if (open) {
      throw new UnsupportedModelError(
        `'${open.name}' is one of ${tensors.length}, and its shape is [${described(open.shape)}].`,
        'Where there are several inputs or outputs, every axis but the rows must be known.',
      )
    }
  }
}

/** Refuses inputs whose shape the model does not take; the first axis is the rows. */
export function requireInputShape(what: string, x: Rows, model: tf.LayersModel, input = 0): void {
  requireRows(what, x)
  const expected = model.inputs[input]!.shape
  const shape = shapeOf(x)
  const fits =
    shape.length === expected.length && expected.every((size, axis) => axis === 0 || size === null || size === shape[axis])
  if (!fits) throw new ShapeMismatchError(what, shape, `[${described(expected)}], the input of the model '${model.name}'`)
}

const described = (shape: tf.Shape): string => shape.map((size, axis) => (axis === 0 ? 'rows' : (size ?? 'any'))).join(', ')

/** Refuses a model that ends in a softmax where logits are needed: a second softmax would flatten every prediction without a sign of it. */
export function requireLogits(model: tf.LayersModel, output = 0): void {
  requireNoFinal(model, output, 'softmax')
}

/** Refuses a model that ends in a sigmoid where logits are needed. */
export function requireNoSigmoid(model: tf.LayersModel, output = 0): void {
  requireNoFinal(model, output, 'sigmoid')
}

function requireNoFinal(model: tf.LayersModel, output: number, name: 'softmax' | 'sigmoid'): void {
  let { sourceLayer: last, outputTensorIndex: place = 0 } = model.outputs[output]!
  while (last instanceof tf.LayersModel) {
    const inner: tf.SymbolicTensor = last.outputs[place]!
    last = inner.sourceLayer
    place = inner.outputTensorIndex ?? 0
  }
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
