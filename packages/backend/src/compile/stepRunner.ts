import * as tf from '@tensorflow/tfjs'
import { InvalidArgumentError } from '../errors.ts'
import { compareGraphs } from './compareGraphs.ts'
import { CompiledStepError, StaleGraphError } from './errors.ts'
import type { FallbackReason } from './fallbackReason.ts'
import { GraphSession } from './graphSession.ts'
import { changedSetting, stableSettings } from './optimizerState.ts'
import { isRecording, record } from './record.ts'
import { releaseRecording } from './recorder.ts'
import { ResidentHandles } from './residentHandles.ts'
import { residentsWork } from './residentsWork.ts'
import { buildStepGraph, type StepGraph } from './stepGraph.ts'
import type { CompileOptions, GraphStats, StepGraphInfo, StepStats } from './stepGraphInfo.ts'
import { runEagerly, type StepResult, takeApart } from './stepResult.ts'
import { type TensorFlowBackend, tensorFlowBackend } from './tensorFlowBackend.ts'
import { tensorFlowMessage } from './tensorFlowMessage.ts'
import { DT_BOOL, DT_COMPLEX64 } from './wire/graphDef.ts'

/** So many recordings that cannot be used, or graphs that hardly served, in a row end the attempts. */
const MAX_FAILURES = 2

/** A graph that ran less often than this before it had to be made anew was not worth it. */
const FEWEST_USEFUL_RUNS = 10

/** A graph that was not used for this many calls may give way to one for other shapes. */
const IDLE_CALLS = 200

/** One combination of argument shapes. */
interface Entry {
  readonly key: string
  /** The last recording, while there is no session yet. */
  recorded: StepGraph | undefined
  session: GraphSession | undefined
  failures: number
  lastCall: number
  runs: number
  runsSinceCheck: number
  firstRunMilliseconds: number
  laterMilliseconds: number
}

/** Decides for each call of a step how it is run: eagerly, recorded, or as a graph. */
export class StepRunner<R extends StepResult> implements StepGraphInfo {
  readonly #step: (...args: tf.Tensor[]) => R
  readonly #check: 'off' | 'on' | 'strict'
  readonly #checkEvery: number
  readonly #maxGraphs: number
  readonly #warn: (message: string) => void
  readonly #entries = new Map<string, Entry>()
  readonly #residents = new ResidentHandles()
  #backend: TensorFlowBackend | undefined
  #reason: FallbackReason | undefined
  #lastGraphDef: Uint8Array | undefined
  #disposed = false
  #calls = 0
  #eagerCalls = 0
  #recordedCalls = 0
  #graphCalls = 0
  #checks = 0

  constructor(
    step: (...args: tf.Tensor[]) => R,
    { check = 'on', checkEvery = 500, maxGraphs = 16, warn = console.warn }: CompileOptions,
  ) {
    this.#step = step
    this.#check = check
    this.#checkEvery = checkEvery
    this.#maxGraphs = maxGraphs
    this.#warn = warn
  }

  get compiled(): boolean {
    return [...this.#entries.values()].some(({ session }) => session !== undefined)
  }

  get reason(): FallbackReason | undefined {
    if (this.#reason !== undefined || tensorFlowBackend() !== undefined) return this.#reason
    return { code: 'backend', message: `the backend ${tf.getBackend()} runs no graphs; TensorFlow's (tfjs-node) does` }
  }

  get stats(): StepStats {
    const graphs = [...this.#entries.values()].flatMap((entry) =>
      entry.session === undefined ? [] : [graphStats(entry, entry.session)],
    )
    return {
      eagerCalls: this.#eagerCalls,
      recordedCalls: this.#recordedCalls,
      graphCalls: this.#graphCalls,
      checks: this.#checks,
      graphs,
    }
  }

  toGraphDef(): Uint8Array | undefined {
    return this.#lastGraphDef?.slice()
  }

  call(args: readonly tf.Tensor[]): R {
    this.#assertCallable(args)
    this.#calls++
    const backend = this.#usableBackend(args)
    // The first call creates what is created once: layers' weights, optimizers' slots.
    const entry = backend === undefined || this.#calls === 1 ? undefined : this.#entryFor(backend, args)
    if (backend === undefined || entry === undefined) return this.#runEagerly(args)
    entry.lastCall = this.#calls
    if (entry.session !== undefined) this.#dropIfOutdated(entry, entry.session)
    if (this.#reason !== undefined) return this.#runEagerly(args)
    const { session } = entry
    if (session === undefined) return this.#record(backend, entry, args)
    if (this.#check !== 'off' && entry.runsSinceCheck >= this.#checkEvery) return this.#checkGraph(backend, entry, session, args)
    return this.#runGraph(entry, session, args)
  }

  dispose(): void {
    this.#disposed = true
    this.#lastGraphDef = undefined
    this.#dropAll()
  }

  #assertCallable(args: readonly tf.Tensor[]): void {
    if (this.#disposed) throw new InvalidArgumentError('This compiled step was disposed; compile its function again to go on.')
    args.forEach((arg, index) => {
      const number = `argument ${index + 1} of ${args.length}`
      if (!(arg instanceof tf.Tensor)) {
        throw new InvalidArgumentError(
          `A compiled step takes tensors; ${number} is ${typeof arg}. Pass a number as tf.scalar(number).`,
        )
      }
      if (arg instanceof tf.Variable) {
        throw new InvalidArgumentError(
          `A compiled step finds variables by itself; ${number} is the variable ${arg.name}. Use it inside the step, or pass its clone().`,
        )
      }
      if (arg.isDisposed)
        throw new InvalidArgumentError(`The tensor of shape [${arg.shape.join(', ')}] that is ${number} is disposed.`)
    })
  }

  /** tfjs-node's backend where this call can be recorded or run as a graph. */
  #usableBackend(args: readonly tf.Tensor[]): TensorFlowBackend | undefined {
    const backend = tensorFlowBackend()
    // Inside tf.grad a call must leave its ops on the tape, inside another recorded step in that recording.
    if (backend === undefined || this.#reason !== undefined || tf.engine().isTapeOn() || isRecording()) return undefined
    if (args.some(({ dtype }) => dtype === 'string')) {
      this.#fallBack({ code: 'unsupported-value', message: 'an argument holds strings' })
      return undefined
    }
    if (backend !== this.#backend) {
      this.#dropAll()
      this.#backend = backend
    }
    return backend
  }

  /** The entry of these shapes, or undefined where there is no room for another. */
  #entryFor(backend: TensorFlowBackend, args: readonly tf.Tensor[]): Entry | undefined {
    const key = args
      .map(({ dataId, dtype, shape }) => `${dtype}/${backend.tensorMap.get(dataId).dtype}[${shape.join(',')}]`)
      .join(' ')
    const known = this.#entries.get(key)
    if (known !== undefined) return known
    if (this.#entries.size >= this.#maxGraphs) {
      const oldest = [...this.#entries.values()].reduce((a, b) => (a.lastCall <= b.lastCall ? a : b))
      if (this.#calls - oldest.lastCall < IDLE_CALLS) return undefined
      this.#drop(oldest)
      this.#entries.delete(oldest.key)
    }
    const entry: Entry = {
      key,
      recorded: undefined,
      session: undefined,
      failures: 0,
      lastCall: this.#calls,
      runs: 0,
      runsSinceCheck: 0,
      firstRunMilliseconds: 0,
      laterMilliseconds: 0,
    }
    this.#entries.set(key, entry)
    return entry
  }

  #runEagerly(args: readonly tf.Tensor[]): R {
    this.#eagerCalls++
    return runEagerly(this.#step, args)
  }

  #runGraph(entry: Entry, session: GraphSession, args: readonly tf.Tensor[]): R {
    const started = performance.now()
    let result: StepResult
    try {
      result = session.run(args)
    } catch (error) {
      const message = tensorFlowMessage(error, session.loaded)
      if (entry.runs > 0)
        throw new CompiledStepError(`TensorFlow failed in a compiled step; no variable was changed. ${message}`, { cause: error })
      const eager = this.#runEagerly(args) // where this throws too, the step is to blame and not the graph
      this.#fallBack({ code: 'load-failed', message: `TensorFlow does not run the graph: ${message}` })
      return eager
    }
    const milliseconds = performance.now() - started
    if (entry.runs === 0) entry.firstRunMilliseconds = milliseconds
    else entry.laterMilliseconds += milliseconds
    entry.runs++
    entry.runsSinceCheck++
    if (entry.runs === FEWEST_USEFUL_RUNS) entry.failures = 0
    this.#graphCalls++
    this.#lastGraphDef = session.graphDef
    return result as R
  }

  /** Runs a step recorded, and makes the graph where the recording before it was the same. */
  #record(backend: TensorFlowBackend, entry: Entry, args: readonly tf.Tensor[]): R {
    const { result, recording } = record(backend, this.#step, args)
    this.#recordedCalls++
    const before = entry.recorded
    entry.recorded = undefined
    const [problem] = recording.problems
    if (problem !== undefined) {
      releaseRecording(backend, recording)
      this.#fail(entry, problem)
    } else {
      const graph = buildStepGraph(recording)
      if (before === undefined) {
        entry.recorded = graph
      } else {
        const difference = compareGraphs(before, graph)
        if (difference !== undefined) {
          entry.recorded = graph
          this.#fail(entry, difference)
        } else {
          this.#load(backend, entry, {
            ...graph,
            recording: { ...recording, optimizers: stableSettings(before.recording.optimizers, recording.optimizers) },
          })
        }
      }
    }
    if (before !== undefined) releaseRecording(backend, before.recording)
    return result
  }

  #load(backend: TensorFlowBackend, entry: Entry, graph: StepGraph): void {
    if (graph.outputs.length === 0) {
      releaseRecording(backend, graph.recording)
      this.#fallBack({ code: 'unsupported-value', message: 'the step returns nothing and updates no variable' })
      return
    }
    try {
      entry.session = new GraphSession(backend, graph, residentsWork(backend) ? this.#residents : undefined)
      entry.runs = 0
      entry.runsSinceCheck = 0
      entry.laterMilliseconds = 0
      this.#lastGraphDef = entry.session.graphDef
    } catch (error) {
      releaseRecording(backend, graph.recording)
      this.#fallBack({
        code: 'load-failed',
        message: `the graph cannot be loaded: ${tensorFlowMessage(error, graph)}`,
      })
    }
  }

  /** Runs a real step recorded and compares what it does with the graph. */
  #checkGraph(backend: TensorFlowBackend, entry: Entry, session: GraphSession, args: readonly tf.Tensor[]): R {
    const { result, recording } = record(backend, this.#step, args)
    this.#recordedCalls++
    this.#checks++
    entry.runsSinceCheck = 0
    const difference = recording.problems[0] ?? compareGraphs(session.graph, buildStepGraph(recording))
    releaseRecording(backend, recording)
    if (difference === undefined) return result
    const message = `a compiled step no longer does what its function does, since at most ${this.#checkEvery} calls: ${difference.message}`
    this.#drop(entry)
    if (this.#check === 'strict') {
      for (const tensor of takeApart(result)?.tensors ?? []) tensor.dispose()
      throw new StaleGraphError(`${message}. This call was a right step, made eagerly; its result is lost.`)
    }
    this.#warn(`compile: ${message}. This call was a right step, made eagerly; a new graph is made.`)
    return result
  }

  /** What can be seen without running the step: a variable that is gone, an optimizer's setting that changed. */
  #dropIfOutdated(entry: Entry, session: GraphSession): void {
    const { feeds, recording } = session.graph
    const setting = recording.optimizers.map(changedSetting).find((change) => change !== undefined)
    const disposed = feeds.find(({ source }) => source.kind === 'variable' && source.variable.isDisposed)
    if (setting === undefined && disposed === undefined) return
    const served = entry.runs
    this.#drop(entry)
    if (served < FEWEST_USEFUL_RUNS)
      this.#fail(entry, { code: 'changing-constant', message: setting ?? 'a variable of the step is disposed' })
  }

  #fail(entry: Entry, reason: FallbackReason): void {
    entry.failures++
    if (entry.failures >= MAX_FAILURES) this.#fallBack(reason)
  }

  #fallBack(reason: FallbackReason): void {
    this.#reason = reason
    this.#dropAll()
    this.#warn(`compile: the step stays eager: ${reason.message}`)
  }

  #drop(entry: Entry): void {
    const backend = this.#backend
    if (backend === undefined) return
    if (entry.recorded !== undefined) releaseRecording(backend, entry.recorded.recording)
    entry.recorded = undefined
    if (entry.session === undefined) return
    entry.session.dispose()
    releaseRecording(backend, entry.session.graph.recording)
    entry.session = undefined
  }

  #dropAll(): void {
    for (const entry of this.#entries.values()) this.#drop(entry)
    this.#entries.clear()
    this.#residents.dispose()
  }
}

function graphStats(entry: Entry, session: GraphSession): GraphStats {
  const { feeds, recording, updated } = session.graph
  const variables = new Set<tf.Variable>(updated)
  let capturedBytes = 0
  for (const { source } of feeds) {
    if (source.kind === 'variable') variables.add(source.variable)
    if (source.kind === 'captured') capturedBytes += tf.util.sizeFromShape([...source.shape]) * bytesPerElement(source.dtype)
  }
  return {
    key: entry.key,
    nodes: session.loaded.nodes.length,
    bytes: session.graphDef.length,
    traceMilliseconds: recording.milliseconds,
    loadMilliseconds: session.loadMilliseconds,
    runs: entry.runs,
    firstRunMilliseconds: entry.firstRunMilliseconds,
    runMilliseconds: entry.runs > 1 ? entry.laterMilliseconds / (entry.runs - 1) : Number.NaN,
    residentVariables: session.residentVariables,
    variableBytes: [...variables].reduce((sum, { size, dtype }) => sum + size * tf.util.bytesPerElement(dtype), 0),
    capturedBytes,
  }
}

function bytesPerElement(dtype: number): number {
  if (dtype === DT_BOOL) return 1
  return dtype === DT_COMPLEX64 ? 8 : 4
}
