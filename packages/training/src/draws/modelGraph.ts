import * as tf from '@tensorflow/tfjs'
import { isDeterministic, mayMask } from './deterministicLayers.ts'

/** One call of a layer in a run of a model; tensors are known by their places. */
export interface LayerCall {
  readonly inputs: readonly number[]
  readonly outputs: readonly number[]
  /** Whether the same inputs give the same outputs in each run. */
  readonly deterministic: boolean
  /** Whether the outputs are the layer's own and not to be freed. */
  readonly stateful: boolean
  /** @param kwargs of the run, one object for all its calls */
  run(inputs: readonly tf.Tensor[], kwargs: object): readonly tf.Tensor[]
}

/** The calls of a run of a model, with nested models taken apart. */
export interface ModelGraph {
  /** In the order in which tfjs makes them, and with it that in which layers ask for noise. The inputs of the model have the first places. */
  readonly calls: readonly LayerCall[]
  /** Places of the outputs. */
  readonly outputs: readonly number[]
}

/**
 * What a model does in inference, call by call: made one after the other they give the model's outputs, with the same bits as `model.apply`.
 *
 * @returns undefined for a model that has a way of its own: a class with another `call`, or masks
 */
export function modelGraph(model: tf.LayersModel): ModelGraph | undefined {
  if (!isPlain(model) || leaves(model).some(mayMask)) return undefined
  const calls: LayerCall[] = []
  const given = model.inputs.map((_, place) => place)
  let places = given.length
  const newPlaces = (count: number): number[] => Array.from({ length: count }, () => places++)

  const callsOf = (container: tf.LayersModel, inputs: readonly number[]): number[] => {
    const done = new Set<number>()
    const values = new Map<number, number>()
    // tfjs calls a layer once for each of its outputs that is used: what it feeds is of the first call, what it gives back of the last one.
    const results = new Map<number, number>()
    const visit = (tensor: tf.SymbolicTensor): void => {
      if (done.has(tensor.id)) return
      done.add(tensor.id)
      // tfjs's executor visits the last input first.
      for (const input of [...tensor.inputs].reverse()) visit(input)
      const outputs = callLayer(
        tensor.sourceLayer,
        tensor.inputs.map(({ id }) => values.get(id)!),
      )
      for (const [i, output] of outputsBeside(tensor).entries()) {
        if (!values.has(output.id)) values.set(output.id, outputs[i]!)
        results.set(output.id, outputs[i]!)
      }
    }
    for (const [i, { id, dtype }] of container.inputs.entries()) {
      const [place] = newPlaces(1) as [number]
      calls.push(feed([inputs[i]!], [place], dtype))
      values.set(id, place)
      results.set(id, place)
      done.add(id)
    }
    for (const output of container.outputs) visit(output)
    return container.outputs.map(({ id }) => results.get(id)!)
  }

  const callLayer = (layer: tf.layers.Layer, inputs: readonly number[]): readonly number[] => {
    if (layer instanceof tf.LayersModel && isPlain(layer)) return callsOf(layer, inputs)
    const outputs = newPlaces(outputCount(layer))
    calls.push({
      inputs,
      outputs,
      deterministic: isDeterministic(layer),
      stateful: layer.stateful,
      run: (tensors, kwargs) => list(layer.apply([...tensors], kwargs as Parameters<tf.layers.Layer['apply']>[1]) as tf.Tensor),
    })
    return outputs
  }

  return { outputs: callsOf(model, given), calls }
}

const list = <T>(one: T | readonly T[]): readonly T[] => (Array.isArray(one) ? one : [one]) as readonly T[]

/** Casts what a model is fed to the type of its input, as tfjs does. */
const feed = (inputs: readonly number[], outputs: readonly number[], dtype: tf.DataType | null): LayerCall => ({
  inputs,
  outputs,
  deterministic: true,
  stateful: false,
  run: ([x]) => [dtype === null || x!.dtype === dtype ? x!.clone() : x!.cast(dtype)],
})

/** All outputs of the call that gives a tensor. */
const outputsBeside = ({ id, sourceLayer }: tf.SymbolicTensor): readonly tf.SymbolicTensor[] =>
  sourceLayer.inboundNodes.find(({ outputTensors }) => outputTensors.some((output) => output.id === id))!.outputTensors

const outputCount = (layer: tf.layers.Layer): number => layer.inboundNodes[0]!.outputTensors.length

/** Whether a model does nothing but call its layers. */
function isPlain(model: tf.LayersModel): boolean {
  const { call, apply } = model
  return (
    (call === tf.LayersModel.prototype.call || call === tf.Sequential.prototype.call) && apply === tf.LayersModel.prototype.apply
  )
}

function leaves(layer: tf.layers.Layer): tf.layers.Layer[] {
  return layer instanceof tf.LayersModel ? layer.layers.flatMap(leaves) : [layer]
}
