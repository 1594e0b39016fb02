import * as tf from '@tensorflow/tfjs'
import { assignNative } from './assignNative.ts'
import { countIterations } from './optimizerState.ts'
import { encodeStepGraph, fetchNames, type StepGraph } from './stepGraph.ts'
import type { StepResult } from './stepResult.ts'
import type { TensorFlowBackend } from './tensorFlowBackend.ts'
import { encodeSavedModel } from './wire/graphDef.ts'

const TAG = 'serve'

/** A step's graph loaded into a TensorFlow session. */
export class GraphSession {
  readonly graph: StepGraph
  readonly graphDef: Uint8Array
  readonly loadMilliseconds: number
  #backend: TensorFlowBackend
  #session: number
  #feedNames: string
  #fetchNames: string

  /** Loads the graph; throws TensorFlow's message where it refuses. */
  constructor(backend: TensorFlowBackend, graph: StepGraph) {
    this.graph = graph
    this.graphDef = encodeStepGraph(graph)
    this.#backend = backend
    this.#feedNames = graph.feeds.map(({ name }) => name).join(',')
    this.#fetchNames = fetchNames(graph).join(',')
    const started = performance.now()
    this.#session = loadSession(backend, encodeSavedModel(this.graphDef, TAG))
    this.loadMilliseconds = performance.now() - started
  }

  /** Runs one step: all variables get their new values, or none and the error of TensorFlow is thrown. */
  run(args: readonly tf.Tensor[]): StepResult {
    const backend = this.#backend
    const { feeds, updated, recording } = this.graph
    const ids = feeds.map(({ source }) => {
      if (source.kind === 'captured') return source.heldId!
      return backend.getInputTensorIds([source.kind === 'argument' ? args[source.index]! : source.variable])[0]!
    })
    const outputs = backend.binding.runSavedModel(this.#session, ids, this.#feedNames, this.#fetchNames)
    const resultCount = outputs.length - updated.length
    for (const [index, variable] of updated.entries()) assignNative(backend, variable, outputs[resultCount + index]!)
    for (const state of recording.optimizers) countIterations(state)
    const results = outputs.slice(0, resultCount).map((tensor) => backend.createOutputTensor(tensor))
    results.forEach((tensor, index) => {
      if (recording.kept[index] === true) tf.keep(tensor)
    })
    return recording.restore(results)
  }

  dispose(): void {
    this.#backend.deleteSavedModel(this.#session)
  }
}

/** tfjs-node loads graphs from files only, so the graph takes the way over a temporary folder. */
function loadSession(backend: TensorFlowBackend, savedModel: Uint8Array): number {
  // Not imported: a bundle for browsers holds this module too, where it is never reached.
  const fs = process.getBuiltinModule('node:fs')
  const os = process.getBuiltinModule('node:os')
  const path = process.getBuiltinModule('node:path')
  const directory = fs.mkdtempSync(path.join(os.tmpdir(), 'tfjs-bayes-graph-'))
  try {
    fs.writeFileSync(path.join(directory, 'saved_model.pb'), savedModel)
    return backend.loadSavedModelMetaGraph(directory, TAG)
  } finally {
    fs.rmSync(directory, { recursive: true, force: true })
  }
}
