import * as tf from '@tensorflow/tfjs'
import { type CompiledStep, compile } from './compile.ts'
import type { CompileOptions, StepGraphInfo } from './stepGraphInfo.ts'

/** A model whose own training methods run compiled steps. */
export interface CompiledFit {
  /** What is known about the steps since `model.compile` was last called. */
  readonly graph: StepGraphInfo
  /** Frees the graphs; the model trains eagerly again. */
  dispose(): void
}

/** Takes inputs, targets and sample weights, the last null where there are none; gives the loss and the metrics. */
type TrainFunction = (data: readonly (tf.Tensor | null | undefined)[]) => tf.Tensor[]

/** The part of a tfjs model's inside that makes the step of `fit`. */
interface TrainableModel {
  makeTrainFunction(): TrainFunction
  /** Made anew by each `model.compile`. */
  readonly collectedTrainableWeights: readonly unknown[] | undefined
}

/**
 * Makes `model.fit`, `model.fitDataset` and `model.trainOnBatch` run their steps compiled, with the same numbers. Nothing of tfjs is patched: one
 * method of this one model object is overridden until `dispose`.
 *
 * Layers that draw random numbers in JavaScript (`tf.layers.dropout`) keep the steps eager; `graph.reason` says so.
 *
 * @param model may be compiled (`model.compile`) before or after, and again: a new optimizer or loss gets new graphs
 * @param options as for `compile` of a step
 */
export function compileFit(model: tf.LayersModel, options: CompileOptions = {}): CompiledFit {
  let step: CompiledStep<tf.Tensor[], tf.Tensor[]> = compile(() => [], options)
  const overrides: (() => void)[] = []
  const install = (target: TrainableModel) => {
    const original = target.makeTrainFunction
    let weights: readonly unknown[] | undefined
    let presence = ''
    const makeTrainFunction = (): TrainFunction => (data) => {
      const present = data.map((tensor) => tensor != null)
      if (target.collectedTrainableWeights !== weights || present.join() !== presence) {
        step.dispose()
        weights = target.collectedTrainableWeights
        presence = present.join()
        const train = original.call(target)
        step = compile((...tensors: tf.Tensor[]) => {
          const rest = [...tensors]
          return train(present.map((there) => (there ? rest.shift() : null)))
        }, options)
      }
      return step(...data.filter((tensor) => tensor != null))
    }
    overrides.push(override(target, 'makeTrainFunction', { value: makeTrainFunction }))
  }
  if (isSequential(model)) {
    // A sequential model trains through a model that it keeps inside and makes anew whenever it is compiled.
    let inner = model.model
    const set = (next: TrainableModel | undefined) => {
      inner = next
      if (next !== undefined) install(next)
    }
    overrides.push(
      override(model, 'model', { get: () => inner, set, enumerable: true }, () => ({
        value: inner,
        enumerable: true,
        writable: true,
      })),
    )
    set(inner)
  } else {
    install(model as unknown as TrainableModel)
  }
  return {
    get graph() {
      return step.graph
    },
    dispose() {
      for (const undo of overrides.splice(0).reverse()) undo()
      step.dispose()
    },
  }
}

function isSequential(model: object): model is { model: TrainableModel | undefined } {
  return model instanceof tf.Sequential
}

/** Gives an object a property of its own. Undone, the property is what `then` says, or gone. */
function override(target: object, name: string, property: PropertyDescriptor, then?: () => PropertyDescriptor): () => void {
  Object.defineProperty(target, name, { configurable: true, ...property })
  return () => {
    if (then === undefined) Reflect.deleteProperty(target, name)
    else Object.defineProperty(target, name, { configurable: true, ...then() })
  }
}
