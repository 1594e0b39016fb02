import * as tf from '@tensorflow/tfjs'
import { InvalidModelError } from '../errors.ts'
import { hasAutomaticName, LayerNames } from './layerNames.ts'

/** A tensor that flows between layers: what tfjs knows of it before any data is there. Compared by identity. */
export interface Slot {
  /** Sizes, `null` where unknown; the batch comes first. */
  readonly shape: readonly (number | null)[]
  readonly dtype: tf.DataType
}

/** One call of a layer: a shared layer has several. */
export interface LayerCall {
  readonly layer: tf.layers.Layer
  /** Name in the file, the names of nested models in front. */
  readonly name: string
  /** Names of the nested models around it, each followed by `/`. */
  readonly path: string
  readonly inputs: readonly Slot[]
  readonly outputs: readonly Slot[]
  /** An activation in place of the layer's own. */
  readonly activation?: string
}

/** A model as the list of its layer calls, nested models laid flat, in the order in which tfjs runs them. */
export interface ModelPlan {
  readonly name: string
  readonly inputs: readonly { readonly name: string; readonly slot: Slot }[]
  readonly outputs: readonly Slot[]
  /** The outputs' names in a file that gives them as they are. */
  readonly outputNames: readonly string[]
  readonly calls: readonly LayerCall[]
}

/**
 * Reads off a model which layers run in which order on which tensors.
 *
 * The order is tfjs's own, so Bayesian layers ask for noise in the same order here and there.
 *
 * @param model a built model, sequential or functional, with shared and nested parts
 * @returns its plan
 * @throws InvalidModelError where it is no layers model, has no inputs and outputs yet, or a layer's output depends on itself
 */
export function planModel(model: tf.LayersModel): ModelPlan {
  // Another copy of tfjs may have made it, so that instanceof does not tell.
  if (!Array.isArray((model as Partial<tf.LayersModel> | null | undefined)?.layers)) {
    throw new InvalidModelError(
      `A ${whatIs(model)} was given, and expected is a tf.LayersModel: of tf.sequential, tf.model or tf.loadLayersModel. A tf.GraphModel has no layers: load the model that it was converted from.`,
    )
  }
  if (!Array.isArray(model.inputs) || !Array.isArray(model.outputs) || model.inputs.length === 0) {
    throw new InvalidModelError(
      `The model "${model.name}" is not built: it has no inputs yet. Give its first layer an inputShape, or call model.build(inputShape).`,
    )
  }
  const calls: LayerCall[] = []
  const names = new LayerNames()
  const inline = (part: tf.LayersModel, inputs: readonly Slot[], path: string): readonly Slot[] => {
    const slots = new Map(part.inputs.map((tensor, index) => [tensor.id, inputs[index]!]))
    for (const tensor of executionOrder(part)) {
      if (slots.has(tensor.id)) continue
      const layer = tensor.sourceLayer
      const node = layer.inboundNodes[tensor.nodeIndex]!
      const name = names.nameOf(layer, path)
      const callInputs = node.inputTensors.map((input) => slots.get(input.id)!)
      let outputs: readonly Slot[]
      if (layer instanceof tf.LayersModel) {
        outputs = inline(layer, callInputs, `${name}/`)
      } else {
        outputs = node.outputTensors.map(slotOf)
        calls.push({ layer, name, path, inputs: callInputs, outputs })
      }
      node.outputTensors.forEach((output, index) => {
        slots.set(output.id, outputs[index]!)
      })
    }
    return part.outputs.map((output) => slots.get(output.id)!)
  }
  const slots = model.inputs.map(slotOf)
  const outputs = inline(model, slots, '')
  const inputs = slots.map((slot, index) => ({ name: inputName(model, index), slot }))
  const outputNames = distinctNames(
    outputs.map((_, index) => outputName(model, index)),
    new Set(inputs.map(({ name }) => name)),
  )
  return { name: hasAutomaticName(model) ? 'model' : model.name, inputs, outputs, outputNames, calls }
}

function whatIs(value: unknown): string {
  return typeof value === 'object' && value != null
    ? `value of the class ${value.constructor?.name ?? 'null'}`
    : `value ${String(value)}`
}

function inputName(model: tf.LayersModel, index: number): string {
  if (model.inputs.length === 1) return 'x'
  const { sourceLayer } = model.inputs[index]!
  return hasAutomaticName(sourceLayer) ? `x_${index}` : sourceLayer.name
}

function outputName(model: tf.LayersModel, index: number): string {
  if (model.outputs.length === 1) return 'y'
  const { sourceLayer } = model.outputs[index]!
  return hasAutomaticName(sourceLayer) ? `y_${index}` : sourceLayer.name
}

/** A layer may give several outputs, or be an input too. */
function distinctNames(names: readonly string[], taken: Set<string>): readonly string[] {
  return names.map((name) => {
    let free = name
    while (taken.has(free)) free += '_'
    taken.add(free)
    return free
  })
}

function slotOf(tensor: tf.SymbolicTensor): Slot {
  // What tfjs computes of an unknown size may be zero or less.
  return { shape: tensor.shape.map((size) => (size != null && size < 1 ? null : size)), dtype: tensor.dtype }
}

/** tfjs's `execute` walks depth first from each output and takes a layer's last input first; without recursion, since models can be deep. */
function executionOrder(model: tf.LayersModel): readonly tf.SymbolicTensor[] {
  const inputs = new Set(model.inputs.map((tensor) => tensor.id))
  const done = new Set<number>()
  const begun = new Set<number>()
  const order: tf.SymbolicTensor[] = []
  for (const output of model.outputs) {
    const stack = [{ tensor: output, entered: false }]
    for (let top = stack.at(-1); top != null; top = stack.at(-1)) {
      const { tensor } = top
      if (done.has(tensor.id) || inputs.has(tensor.id) || top.entered) {
        stack.pop()
        if (top.entered && !done.has(tensor.id)) {
          done.add(tensor.id)
          order.push(tensor)
        }
        continue
      }
      if (begun.has(tensor.id)) {
        throw new InvalidModelError(
          `The model "${model.name}" is cyclic: the output of the layer "${tensor.sourceLayer.name}" (${tensor.sourceLayer.getClassName()}) depends on itself.`,
        )
      }
      begun.add(tensor.id)
      top.entered = true
      for (const input of tensor.inputs) if (!done.has(input.id)) stack.push({ tensor: input, entered: false })
    }
  }
  return order
}
