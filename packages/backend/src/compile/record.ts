import * as tf from '@tensorflow/tfjs'
import { assignNative } from './assignNative.ts'
import type { FallbackCode, FallbackReason } from './fallbackReason.ts'
import { type OptimizerState, watchOptimizers } from './optimizerState.ts'
import type { CapturedNode, OpNode, RecordedNode, Recording, Update, Value } from './recording.ts'
import { type ResultParts, runEagerly, type StepResult, takeApart } from './stepResult.ts'
import {
  ATTRIBUTE,
  type NativeAttribute,
  type NativeTensor,
  type NativeValues,
  type TensorFlowBackend,
  type TensorFlowBinding,
} from './tensorFlowBackend.ts'
import { unsupportedOp } from './unsupportedOp.ts'
import { atUserLine, TRACE_DEPTH } from './userLine.ts'
import { DT_COMPLEX64, DT_STRING, type GraphAttribute, type TensorValue } from './wire/graphDef.ts'

/** Up to so many elements a captured tensor is copied into the graph (TensorFlow can then fold it); a larger one is fed at each run. */
const LARGEST_COPIED_CAPTURE = 256

let recordingNow = false

/** Whether a step is being recorded: a compiled step called inside another one runs as part of it. */
export function isRecording(): boolean {
  return recordingNow
}

/**
 * Runs a step once, eagerly, and records what TensorFlow executes. It is a real step: variables are updated, results are the caller's.
 *
 * @param backend tfjs-node's backend, which is wrapped only while the step runs
 * @param step what to run
 * @param args its arguments
 * @returns what the step returned, and the recording
 */
export function record<R extends StepResult>(
  backend: TensorFlowBackend,
  step: (...args: tf.Tensor[]) => R,
  args: readonly tf.Tensor[],
): { result: R; recording: Recording } {
  const started = performance.now()
  const variables = registeredVariables()
  separateSharedVariables(backend, variables)
  const recorder = new Recorder(backend, variables)
  const inputs = args.map((arg, index) => recorder.addArgument(arg, index))
  let result: R
  let optimizers: OptimizerState[] = []
  try {
    optimizers = recorder.run(() => {
      result = runEagerly(step, inputs)
    })
  } catch (error) {
    recorder.release()
    for (const input of inputs) input.dispose()
    throw error
  }
  const parts = takeApart(result!)
  const recording = recorder.finish(parts, optimizers, performance.now() - started)
  for (const input of inputs) if (parts?.tensors.includes(input) !== true) input.dispose()
  return { result: result!, recording }
}

/** Frees what a recording holds on to. */
export function releaseRecording(backend: TensorFlowBackend, recording: Recording): void {
  for (const node of recording.nodes)
    if (node.kind === 'captured' && node.heldId !== undefined) backend.binding.deleteTensor(node.heldId)
}

function registeredVariables(): tf.Variable[] {
  return Object.values(tf.engine().registeredVariables)
}

/** A native tensor of its own id that shares the data of another. Never of strings: the addon frees their characters with either one. */
function identity(binding: TensorFlowBinding, id: number): NativeTensor {
  return binding.executeOp('Identity', [], [id], 1)[0]!
}

/** Gives each variable a native tensor of its own: after `a.assign(b)` the recorder could not tell which of the two a step reads. */
function separateSharedVariables(backend: TensorFlowBackend, variables: readonly tf.Variable[]): void {
  backend.getInputTensorIds(variables) // moves values that are still in JavaScript into TensorFlow
  for (const variable of variables) {
    const info = backend.tensorMap.get(variable.dataId)
    if (info.refCount > 1 && info.dtype !== DT_STRING) assignNative(backend, variable, identity(backend.binding, info.id))
  }
}

class Recorder {
  readonly #backend: TensorFlowBackend
  readonly #binding: TensorFlowBinding
  readonly #variablesBefore: readonly tf.Variable[]
  readonly #startIds = new Map<tf.Variable, number>()
  readonly #nodes: RecordedNode[] = []
  readonly #values = new Map<number, Value>()
  /** Native tensors that the step made and has not deleted. */
  readonly #alive = new Set<number>()
  readonly #problems: FallbackReason[] = []
  #readsAreHarmless = false

  constructor(backend: TensorFlowBackend, variables: readonly tf.Variable[]) {
    this.#backend = backend
    this.#binding = backend.binding
    this.#variablesBefore = variables
    for (const variable of variables) {
      const { id, dtype, shape } = backend.tensorMap.get(variable.dataId)
      this.#startIds.set(variable, id)
      this.#add(id, { kind: 'variable', variable, dtype, shape })
    }
  }

  /** Makes the tensor that stands for an argument: its native id is met nowhere else, so what the step does with it is known for sure. */
  addArgument(arg: tf.Tensor, index: number): tf.Tensor {
    const [id] = this.#backend.getInputTensorIds([arg])
    const native = identity(this.#binding, id!)
    this.#add(native.id, { kind: 'argument', index, dtype: native.dtype, shape: native.shape })
    return this.#backend.createOutputTensor(native)
  }

  /** Runs the step with the addon wrapped. */
  run(step: () => void): OptimizerState[] {
    const gather = tf.getKernel('GatherV2', 'tensorflow')
    const gatherFunction = gather?.kernelFunc
    const traceDepth = Error.stackTraceLimit
    this.#backend.binding = this.#wrap()
    if (gather != null && gatherFunction != null) {
      // This kernel reads the indices only to check their bounds, which the graph's op does by itself.
      gather.kernelFunc = (parameters) => {
        this.#readsAreHarmless = true
        try {
          return gatherFunction(parameters)
        } finally {
          this.#readsAreHarmless = false
        }
      }
    }
    Error.stackTraceLimit = TRACE_DEPTH
    recordingNow = true
    try {
      return watchOptimizers(step)
    } finally {
      recordingNow = false
      Error.stackTraceLimit = traceDepth
      if (gather != null && gatherFunction != null) gather.kernelFunc = gatherFunction
      this.#backend.binding = this.#binding
    }
  }

  finish(result: ResultParts | undefined, optimizers: OptimizerState[], milliseconds: number): Recording {
    const trace = new Error()
    if (result === undefined)
      this.#problem('unsupported-value', 'the step returns something else than a tensor, an array or a record of tensors')
    const resultIds = this.#backend.getInputTensorIds(result?.tensors ?? [])
    const resultValues = resultIds.map((id) => this.#valueOf(id, trace))
    const updates: Update[] = []
    for (const id of resultIds) this.#alive.delete(id)
    for (const variable of registeredVariables()) {
      const [id] = this.#backend.getInputTensorIds([variable])
      this.#alive.delete(id!)
      const before = this.#startIds.get(variable)
      if (before === undefined) this.#problem('variable-created', `the step creates the variable ${variable.name}`)
      else if (before !== id) updates.push({ variable, value: this.#valueOf(id!, trace) })
    }
    for (const variable of this.#variablesBefore) {
      if (variable.isDisposed) this.#problem('variable-created', `the step disposes the variable ${variable.name}`)
    }
    for (const id of this.#alive) {
      const value = this.#values.get(id)
      if (value === undefined || this.#problems.length > 0) continue
      const { node } = value
      const what = node.kind === 'op' ? `${node.op}'s output` : 'a tensor'
      this.#problem(
        'kept-tensor',
        `${what} outlives the step without being a result${atUserLine('trace' in node ? node.trace : undefined)}`,
      )
    }
    const { form = '', restore = () => undefined } = result ?? {}
    return {
      nodes: this.#nodes,
      results: resultValues,
      form,
      restore,
      updates,
      optimizers,
      problems: this.#problems,
      milliseconds,
    }
  }

  release(): void {
    for (const node of this.#nodes)
      if (node.kind === 'captured' && node.heldId !== undefined) this.#binding.deleteTensor(node.heldId)
  }

  /** The addon with the four calls that matter observed. Its own properties are read-only, so it cannot be patched, only stood in for. */
  #wrap(): TensorFlowBinding {
    const binding = this.#binding
    const observed: TensorFlowBinding = {
      executeOp: (op, attributes, inputIds, outputs) => {
        const trace = new Error()
        const inputs = inputIds.map((id) => this.#valueOf(id, trace))
        const tensors = binding.executeOp(op, attributes, inputIds, outputs)
        const node = opNode(op, attributes, inputs, tensors, trace)
        const unsupported = unsupportedOp(node)
        if (unsupported !== undefined) this.#problem('unsupported-op', `${unsupported}${atUserLine(trace)}`)
        this.#nodes.push(node)
        tensors.forEach(({ id }, output) => {
          this.#values.set(id, { node, output })
          this.#alive.add(id)
        })
        return tensors
      },
      createTensor: (shape, dtype, values) => {
        const id = binding.createTensor(shape, dtype, values)
        this.#add(id, {
          kind: 'constant',
          dtype,
          shape: [...shape],
          tensor: { dtype, shape: [...shape], values: copy(values) },
          trace: new Error(),
        })
        this.#alive.add(id)
        return id
      },
      deleteTensor: (id) => {
        binding.deleteTensor(id)
        this.#alive.delete(id)
      },
      tensorDataSync: (id) => {
        // What was made from JavaScript values is known in JavaScript anyway.
        if (!this.#readsAreHarmless && this.#values.get(id)?.node.kind !== 'constant') {
          this.#problem('values-read', `the step reads tensor values into JavaScript${atUserLine(new Error())}`)
        }
        return binding.tensorDataSync(id)
      },
      runSavedModel: (session, inputIds, inputNames, outputNames) => {
        this.#problem('unsupported-op', `the step runs a SavedModel${atUserLine(new Error())}`)
        return binding.runSavedModel(session, inputIds, inputNames, outputNames)
      },
    }
    return Object.create(
      binding,
      Object.fromEntries(Object.entries(observed).map(([name, value]) => [name, { value }])),
    ) as TensorFlowBinding
  }

  #add(id: number, node: RecordedNode): Value {
    const value = { node, output: 0 }
    this.#nodes.push(node)
    this.#values.set(id, value)
    return value
  }

  /** Where a tensor comes from. One that was never seen was made before the step. */
  #valueOf(id: number, trace: Error): Value {
    return this.#values.get(id) ?? this.#add(id, this.#capture(id, trace))
  }

  #capture(id: number, trace: Error): CapturedNode {
    const held = identity(this.#binding, id)
    const { dtype, shape } = held
    const source = { kind: 'captured', id, dtype, shape, trace } as const
    if (dtype === DT_STRING) {
      this.#problem('unsupported-value', `the step uses a tensor of strings from outside${atUserLine(trace)}`)
      return { ...source, tensor: undefined, heldId: undefined }
    }
    if (dtype === DT_COMPLEX64 || tf.util.sizeFromShape(shape) > LARGEST_COPIED_CAPTURE)
      return { ...source, tensor: undefined, heldId: held.id }
    this.#binding.deleteTensor(held.id)
    return { ...source, tensor: { dtype, shape, values: this.#binding.tensorDataSync(id) }, heldId: undefined }
  }

  #problem(code: FallbackCode, message: string): void {
    this.#problems.push({ code, message })
  }
}

function opNode(
  op: string,
  attributes: readonly NativeAttribute[],
  inputs: readonly Value[],
  outputs: readonly NativeTensor[],
  trace: Error,
): OpNode {
  return {
    kind: 'op',
    op,
    attributes: attributes.map(graphAttribute),
    inputs,
    outputDtypes: outputs.map(({ dtype }) => dtype),
    trace,
  }
}

/** The addon's attribute as a graph's; numbers are cut as the addon cuts them. */
function graphAttribute({ name, type, value }: NativeAttribute): GraphAttribute {
  switch (type) {
    case ATTRIBUTE.string:
      return { name, kind: 'string', value: String(value) }
    case ATTRIBUTE.integer:
      return Array.isArray(value)
        ? { name, kind: 'integers', value: value.map((entry) => Math.trunc(Number(entry))) }
        : { name, kind: 'integer', value: Math.trunc(Number(value)) }
    case ATTRIBUTE.float:
      return Array.isArray(value)
        ? { name, kind: 'floats', value: value.map(Number) }
        : { name, kind: 'float', value: Number(value) }
    case ATTRIBUTE.boolean:
      return Array.isArray(value)
        ? { name, kind: 'booleans', value: value.map(Boolean) }
        : { name, kind: 'boolean', value: Boolean(value) }
    case ATTRIBUTE.type:
      return { name, kind: 'type', value: Number(value) }
    default:
      return { name, kind: 'shape', value: [...(value as readonly number[])] }
  }
}

/** TensorFlow shares memory with the array, and its owner may write to it later. */
function copy(values: NativeValues): TensorValue['values'] {
  return ArrayBuffer.isView(values) ? values.slice() : values.map((text) => Uint8Array.from(text))
}
