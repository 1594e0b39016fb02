import * as tf from '@tensorflow/tfjs'
import { assignNative } from './assignNative.ts'
import { countIterations } from './optimizerState.ts'
import { mapOfHandles, type ResidentHandle, type ResidentHandles } from './residentHandles.ts'
import { withResidentVariables } from './residentVariables.ts'
import { buildStepGraph, encodeStepGraph, fetchNames, type StepGraph } from './stepGraph.ts'
import type { StepResult } from './stepResult.ts'
import type { NativeTensor, TensorFlowBackend } from './tensorFlowBackend.ts'
import { encodeSavedModel } from './wire/graphDef.ts'

const TAG = 'serve'

/** A step's graph loaded into a TensorFlow session. */
export class GraphSession {
  /** The step as it was recorded. */
  readonly graph: StepGraph
  /** What TensorFlow runs: the same without repetitions, and with variables that stay in TensorFlow where they can. */
  readonly loaded: StepGraph
  readonly graphDef: Uint8Array
  readonly loadMilliseconds: number
  #backend: TensorFlowBackend
  #session: number
  #feedNames: string
  #fetchNames: string
  #handles: ReadonlyMap<tf.Variable, ResidentHandle>
  #handleMap: number | undefined

  /**
   * Loads the graph; throws TensorFlow's message where it refuses.
   *
   * @param residents handles of variables that may stay in TensorFlow; undefined: all are fed and fetched
   */
  constructor(backend: TensorFlowBackend, graph: StepGraph, residents?: ResidentHandles) {
    const resident = residents && withResidentVariables(graph.recording)
    this.graph = graph
    this.loaded = buildStepGraph(resident?.recording ?? graph.recording, 'merge')
    this.graphDef = encodeStepGraph(this.loaded)
    this.#backend = backend
    this.#handles = new Map(resident?.residents.map((variable) => [variable, residents!.of(backend, variable)]))
    this.#feedNames = this.loaded.feeds.map(({ name }) => name).join(',')
    this.#fetchNames = fetchNames(this.loaded).join(',')
    const started = performance.now()
    this.#session = loadSession(backend, encodeSavedModel(this.graphDef, TAG))
    this.loadMilliseconds = performance.now() - started
    if (resident) this.#handleMap = mapOfHandles(backend, [...this.#handles.values()])
  }

  get residentVariables(): number {
    return this.#handles.size
  }

  /** Runs one step: all variables get their new values, or none and the error of TensorFlow is thrown. */
  run(args: readonly tf.Tensor[]): StepResult {
    const backend = this.#backend
    const { feeds, updated, recording } = this.loaded
    const ids = feeds.map(({ source }) => {
      if (source.kind === 'residents') return this.#handleMap!
      if (source.kind === 'captured') return source.heldId!
      return backend.getInputTensorIds([source.kind === 'argument' ? args[source.index]! : source.variable])[0]!
    })
    const outputs = this.#runSession(ids)
    const resultCount = outputs.length - updated.length
    for (const [index, variable] of updated.entries()) {
      const value = outputs[resultCount + index]!
      const handle = this.#handles.get(variable)
      if (handle === undefined) assignNative(backend, variable, value)
      else handle.leave(value)
    }
    for (const state of recording.optimizers) countIterations(state)
    const results = outputs.slice(0, resultCount).map((tensor) => backend.createOutputTensor(tensor))
    results.forEach((tensor, index) => {
      if (recording.kept[index] === true) tf.keep(tensor)
    })
    return recording.restore(results)
  }

  dispose(): void {
    this.#backend.deleteSavedModel(this.#session)
    if (this.#handleMap !== undefined) this.#backend.binding.deleteTensor(this.#handleMap)
  }

  #runSession(ids: number[]): NativeTensor[] {
    try {
      for (const handle of this.#handles.values()) handle.enter()
      return this.#backend.binding.runSavedModel(this.#session, ids, this.#feedNames, this.#fetchNames)
    } catch (error) {
      for (const handle of this.#handles.values()) handle.restore()
      throw error
    }
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
