import * as tf from '@tensorflow/tfjs'
import type { FallbackCode, FallbackReason } from './fallbackReason.ts'
import type { BackendObserver } from './observeBackend.ts'
import type { OptimizerState } from './optimizerState.ts'
import {
  type CapturedNode,
  dtypeOf,
  type OpNode,
  type RecordedNode,
  type Recording,
  type Update,
  type Value,
} from './recording.ts'
import type { ResultParts } from './stepResult.ts'
import {
  ATTRIBUTE,
  type NativeAttribute,
  type NativeTensor,
  type NativeValues,
  type TensorFlowBackend,
  type TensorFlowBinding,
} from './tensorFlowBackend.ts'
import { unsupportedOp } from './unsupportedOp.ts'
import { atUserLine } from './userLine.ts'
import { DT_COMPLEX64, DT_RESOURCE, DT_STRING, type GraphAttribute, type TensorValue } from './wire/graphDef.ts'

/** Up to so many elements a captured tensor is copied into the graph (TensorFlow can then fold it); a larger one is fed at each run. */
const LARGEST_COPIED_CAPTURE = 256

/** A native tensor of its own id that shares the data of another. Never of strings: the addon frees their characters with either one. */
export function identity(binding: TensorFlowBinding, id: number): NativeTensor {
  return binding.executeOp('Identity', [], [id], 1)[0]!
}

/** Frees what a recording holds on to. */
export function releaseRecording(backend: TensorFlowBackend, { nodes }: Pick<Recording, 'nodes'>): void {
  for (const node of nodes) if (node.kind === 'captured' && node.heldId !== undefined) backend.binding.deleteTensor(node.heldId)
}

/** Follows native tensors through a step: their ids are never used twice, so an id says where a tensor comes from. */
export class Recorder implements BackendObserver {
  readonly #backend: TensorFlowBackend
  readonly #binding: TensorFlowBinding
  readonly #startIds = new Map<tf.Variable, number>()
  readonly #nodes: RecordedNode[] = []
  readonly #values = new Map<number, Value>()
  /** Native tensors that the step made and has not deleted. */
  readonly #alive = new Set<number>()
  /** JavaScript values that became tensors while the step runs, and where. */
  readonly #written = new WeakMap<object, Error>()
  readonly #problems: FallbackReason[] = []
  /** The op that used a TensorFlow variable last. */
  readonly #lastUses = new Map<RecordedNode, OpNode>()

  constructor(backend: TensorFlowBackend, variables: readonly tf.Variable[]) {
    this.#backend = backend
    this.#binding = backend.binding
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

  wrote(values: object): void {
    this.#written.set(values, new Error())
  }

  created(id: number, shape: readonly number[], dtype: number, values: NativeValues): void {
    const trace = this.#written.get(values)
    if (trace === undefined) {
      this.#capture(id, new Error()) // a tensor from before the step: tfjs-node hands values over at their first use
      return
    }
    this.#add(id, {
      kind: 'constant',
      dtype,
      shape: [...shape],
      tensor: { dtype, shape: [...shape], values: copy(values) },
      trace,
    })
    this.#alive.add(id)
  }

  beforeOp(inputIds: readonly number[]): void {
    for (const id of inputIds) this.#valueOf(id)
  }

  executed(
    op: string,
    attributes: readonly NativeAttribute[],
    inputIds: readonly number[],
    outputs: readonly NativeTensor[],
  ): void {
    const inputs = inputIds.map((id) => this.#valueOf(id))
    const handles = inputs.filter((input) => dtypeOf(input) === DT_RESOURCE)
    const node: OpNode = {
      kind: 'op',
      op,
      attributes: attributes.map(graphAttribute),
      inputs,
      outputDtypes: outputs.map(({ dtype }) => dtype),
      after: [...new Set(handles.flatMap((handle) => this.#lastUses.get(handle.node) ?? []))],
      trace: new Error(),
    }
    for (const handle of handles) this.#lastUses.set(handle.node, node)
    const unsupported = unsupportedOp(node)
    if (unsupported !== undefined) this.#problem('unsupported-op', unsupported, node.trace)
    this.#nodes.push(node)
    outputs.forEach(({ id }, output) => {
      this.#values.set(id, { node, output })
      this.#alive.add(id)
    })
  }

  deleted(id: number): void {
    this.#alive.delete(id)
  }

  read(id: number): void {
    // What was made from JavaScript values is known in JavaScript anyway.
    if (this.#values.get(id)?.node.kind !== 'constant')
      this.#problem('values-read', 'the step reads tensor values into JavaScript', new Error())
  }

  ranSavedModel(): void {
    this.#problem('unsupported-op', 'the step runs a SavedModel', new Error())
  }

  /**
   * Ends the recording.
   *
   * @param result what the step returned, or undefined where it is nothing that a step may return
   * @param variables the variables that exist now
   */
  finish(
    result: ResultParts | undefined,
    variables: readonly tf.Variable[],
    optimizers: readonly OptimizerState[],
    milliseconds: number,
  ): Recording {
    if (result === undefined)
      this.#problem('unsupported-value', 'the step returns something else than a tensor, an array or a record of tensors')
    const { form = '', restore = () => undefined, tensors = [] } = result ?? {}
    const resultIds = this.#backend.getInputTensorIds(tensors)
    const updates: Update[] = []
    for (const variable of variables) {
      const [id] = this.#backend.getInputTensorIds([variable])
      this.#alive.delete(id!)
      const before = this.#startIds.get(variable)
      if (before === undefined) this.#problem('variable-created', `the step creates the variable ${variable.name}`)
      else if (before !== id) updates.push({ variable, value: this.#valueOf(id!) })
    }
    for (const variable of this.#startIds.keys()) {
      if (variable.isDisposed) this.#problem('variable-created', `the step disposes the variable ${variable.name}`)
    }
    for (const id of resultIds) this.#alive.delete(id)
    for (const id of this.#alive) {
      const { node } = this.#values.get(id)!
      const what = node.kind === 'op' ? `${node.op}'s output` : 'a tensor of JavaScript values'
      this.#problem('kept-tensor', `${what} outlives the step without being a result`, 'trace' in node ? node.trace : undefined)
    }
    const results = resultIds.map((id) => this.#valueOf(id))
    const kept = tensors.map((tensor) => tensor.kept)
    return { nodes: this.#nodes, results, kept, form, restore, updates, optimizers, problems: this.#problems, milliseconds }
  }

  /** Gives up: frees what the recording holds on to. */
  release(): void {
    releaseRecording(this.#backend, { nodes: this.#nodes })
  }

  #add(id: number, node: RecordedNode): Value {
    const value = { node, output: 0 }
    this.#nodes.push(node)
    this.#values.set(id, value)
    return value
  }

  /** Where a tensor comes from. One that was never seen was made before the step. */
  #valueOf(id: number): Value {
    return this.#values.get(id) ?? this.#capture(id, new Error())
  }

  #capture(id: number, trace: Error): Value {
    const held = identity(this.#binding, id)
    const { dtype, shape } = held
    const source = { kind: 'captured', id, dtype, shape, trace } as const
    let node: CapturedNode = { ...source, tensor: undefined, heldId: held.id }
    if (dtype === DT_STRING) {
      this.#problem('unsupported-value', 'the step uses a tensor of strings from outside', trace)
      node = { ...source, tensor: undefined, heldId: undefined }
    } else if (dtype !== DT_COMPLEX64 && tf.util.sizeFromShape(shape) <= LARGEST_COPIED_CAPTURE) {
      this.#binding.deleteTensor(held.id)
      node = { ...source, tensor: { dtype, shape, values: this.#binding.tensorDataSync(id) }, heldId: undefined }
    }
    return this.#add(id, node)
  }

  #problem(code: FallbackCode, message: string, trace?: Error): void {
    this.#problems.push({ code, message: `${message}${atUserLine(trace)}` })
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
