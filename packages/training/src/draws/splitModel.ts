import type * as tf from '@tensorflow/tfjs'
import { type LayerCall, modelGraph } from './modelGraph.ts'

/** A model in two parts, one after the other; what they give lives in the enclosing `tf.tidy`. */
export interface SplitModel {
  /** Values of the model that no draw changes and that its other part needs, for inputs in the model's order. */
  fixed(inputs: readonly tf.Tensor[]): tf.Tensor[]
  /** Number of those values. */
  readonly fixedValues: number
  /** The outputs of the model, from those values. They have the bits that `model.apply` gives. */
  drawn(fixed: readonly tf.Tensor[], kwargs: object): tf.Tensor[]
}

/**
 * Splits a model, in inference, where randomness sets in: what lies in front of the first Bayesian layers, and in front of layers that this package knows
 * nothing of, can be run once for all draws.
 */
export function splitModel(model: tf.LayersModel): SplitModel {
  const graph = modelGraph(model)
  if (graph === undefined) return unsplit(model)
  const { calls, outputs } = graph
  const inputs = model.inputs.map((_, place) => place)
  const known = new Set(inputs)
  const [trunk, rest]: [LayerCall[], LayerCall[]] = [[], []]
  for (const call of calls) {
    const fixed = call.deterministic && call.inputs.every((place) => known.has(place))
    if (fixed) for (const place of call.outputs) known.add(place)
    ;(fixed ? trunk : rest).push(call)
  }
  const needed = [...rest.flatMap((call) => call.inputs), ...outputs].filter((place) => known.has(place))
  const frontier = [...new Set(needed)]
  const runTrunk = runner(trunk, inputs, frontier)
  const runRest = runner(rest, frontier, outputs)
  return { fixed: (values) => runTrunk(values, { training: false }), fixedValues: frontier.length, drawn: runRest }
}

function unsplit(model: tf.LayersModel): SplitModel {
  return {
    fixed: (inputs) => inputs.map((input) => input.clone()),
    fixedValues: model.inputs.length,
    drawn: (inputs, kwargs) => {
      const outputs = model.apply(
        inputs.length === 1 ? inputs[0]! : [...inputs],
        kwargs as Parameters<tf.LayersModel['apply']>[1],
      )
      return (Array.isArray(outputs) ? outputs : [outputs]) as tf.Tensor[]
    },
  }
}

/** Makes calls one after the other, and frees each tensor after its last use. */
function runner(
  calls: readonly LayerCall[],
  given: readonly number[],
  wanted: readonly number[],
): (values: readonly tf.Tensor[], kwargs: object) => tf.Tensor[] {
  const kept = new Set([...given, ...wanted, ...calls.flatMap(({ stateful, outputs }) => (stateful ? outputs : []))])
  const lastUse = new Map(calls.flatMap(({ inputs }, i) => inputs.map((place) => [place, i] as const)))
  const freed = calls.map((_, i) => [...lastUse].flatMap(([place, last]) => (last === i && !kept.has(place) ? [place] : [])))
  return (values, kwargs) => {
    const tensors = new Map(given.map((place, i) => [place, values[i]!]))
    for (const [i, { inputs, outputs, run }] of calls.entries()) {
      const results = run(
        inputs.map((place) => tensors.get(place)!),
        kwargs,
      )
      for (const [j, place] of outputs.entries()) tensors.set(place, results[j]!)
      for (const place of freed[i]!) tensors.get(place)!.dispose()
    }
    return wanted.map((place) => tensors.get(place)!)
  }
}
