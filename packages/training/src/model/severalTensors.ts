import type * as tf from '@tensorflow/tfjs'
import { packed, type RowForm, unpacked } from '../data/columns.ts'

/** The inputs of a model as it takes them: those of a model with several were packed into one tensor; in the enclosing `tf.tidy`. */
export function modelInputs(model: tf.LayersModel, x: tf.Tensor): readonly tf.Tensor[] {
  return model.inputs.length === 1 ? [x] : unpacked(x, formsOf(model.inputs))
}

/** Applies a model; several outputs come packed into one tensor, [rows, numbers]. */
export function modelOutputs(model: tf.LayersModel, inputs: readonly tf.Tensor[], kwargs: object): tf.Tensor {
  const outputs = model.apply(inputs.length === 1 ? inputs[0]! : [...inputs], kwargs as Parameters<tf.LayersModel['apply']>[1])
  return Array.isArray(outputs) ? oneOutput(outputs as tf.Tensor[]) : (outputs as tf.Tensor)
}

/** The chosen one of a model's outputs, or all of them, packed into one tensor where there are several. */
export function oneOutput(outputs: readonly tf.Tensor[], chosen?: number): tf.Tensor {
  if (chosen !== undefined) return outputs[chosen]!
  return outputs.length === 1 ? outputs[0]! : packed(outputs)
}

/** The names by which inputs and outputs are told apart: those of their layers. */
export const inputNames = (model: tf.LayersModel): readonly string[] => namesOf(model.inputs)
export const outputNames = (model: tf.LayersModel): readonly string[] => namesOf(model.outputs)

export const outputForms = (model: tf.LayersModel): readonly RowForm[] => formsOf(model.outputs)

// A tf.sequential knows its own `inputNames` only once it was run.
const namesOf = (tensors: readonly tf.SymbolicTensor[]): string[] => tensors.map(({ sourceLayer }) => sourceLayer.name)

/** Their axes are known: `requireBuiltModel` has seen to it. */
const formsOf = (tensors: readonly tf.SymbolicTensor[]): RowForm[] =>
  tensors.map(({ shape, dtype }) => ({ sizes: shape.slice(1) as number[], dtype }))
