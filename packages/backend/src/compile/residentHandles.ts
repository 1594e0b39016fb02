import type * as tf from '@tensorflow/tfjs'
import { ANONYMOUS_NAME } from './anonymousName.ts'
import { assignNative } from './assignNative.ts'
import { ATTRIBUTE, type NativeTensor, type TensorFlowBackend } from './tensorFlowBackend.ts'
import { DT_INT32, DT_RESOURCE } from './wire/graphDef.ts'

/** TensorFlow's side of a tfjs variable: between steps both hold the same memory, during one only TensorFlow does and may write into it. */
export class ResidentHandle {
  readonly id: number
  readonly #backend: TensorFlowBackend
  readonly #variable: tf.Variable
  readonly #dtype: { readonly name: string; readonly type: number; readonly value: number }
  /** The native tensor of the tfjs variable for which TensorFlow's has the value. */
  #current: number | undefined
  #released = false

  constructor(backend: TensorFlowBackend, variable: tf.Variable) {
    this.#backend = backend
    this.#variable = variable
    this.#dtype = { name: 'dtype', type: ATTRIBUTE.type, value: backend.tensorMap.get(variable.dataId).dtype }
    const shape = { name: 'shape', type: ATTRIBUTE.shape, value: variable.shape }
    const sharedName = { name: 'shared_name', type: ATTRIBUTE.string, value: ANONYMOUS_NAME }
    const container = { name: 'container', type: ATTRIBUTE.string, value: '' }
    this.id = backend.binding.executeOp('VarHandleOp', [this.#dtype, shape, sharedName, container], [], 1)[0]!.id
  }

  /** Before a step: TensorFlow takes over what the variable holds, and the variable lets go of it unless a clone shares it. */
  enter(): void {
    const { binding, tensorMap } = this.#backend
    const [id] = this.#backend.getInputTensorIds([this.#variable])
    if (id !== this.#current) binding.executeOp('AssignVariableOp', [this.#dtype], [this.id, id!], 0)
    this.#current = id
    const info = tensorMap.get(this.#variable.dataId)
    this.#released = info.refCount === 1
    if (!this.#released) return
    binding.deleteTensor(id!)
    info.id = -1
  }

  /** After a step: the variable gets what the step returned for it. */
  leave(value: NativeTensor): void {
    assignNative(this.#backend, this.#variable, value)
    this.#current = value.id
  }

  /** After a step that failed: the variable gets back what it let go of. */
  restore(): void {
    if (!this.#released) return
    const { id } = this.#backend.binding.executeOp('ReadVariableOp', [this.#dtype], [this.id], 1)[0]!
    this.#backend.tensorMap.get(this.#variable.dataId).id = id
    this.#current = id
  }

  dispose(): void {
    this.#backend.binding.deleteTensor(this.id)
  }
}

/** The handles of a compiled step's resident variables, which its graphs share. */
export class ResidentHandles {
  readonly #handles = new Map<tf.Variable, ResidentHandle>()

  of(backend: TensorFlowBackend, variable: tf.Variable): ResidentHandle {
    const known = this.#handles.get(variable)
    if (known !== undefined) return known
    const handle = new ResidentHandle(backend, variable)
    this.#handles.set(variable, handle)
    return handle
  }

  dispose(): void {
    for (const handle of this.#handles.values()) handle.dispose()
    this.#handles.clear()
  }
}

/** Puts handles into a map, in which they can be fed: TensorFlow takes no handle as a feed by itself. Returns the map's native id. */
export function mapOfHandles({ binding }: TensorFlowBackend, handles: readonly ResidentHandle[]): number {
  const types = [
    { name: 'key_dtype', type: ATTRIBUTE.type, value: DT_INT32 },
    { name: 'value_dtype', type: ATTRIBUTE.type, value: DT_RESOURCE },
  ]
  let map = binding.executeOp('EmptyTensorMap', [], [], 1)[0]!.id
  for (const [index, handle] of handles.entries()) {
    const key = binding.createTensor([], DT_INT32, Int32Array.of(index))
    const larger = binding.executeOp('TensorMapInsert', types, [map, key, handle.id], 1)[0]!.id
    binding.deleteTensor(map)
    binding.deleteTensor(key)
    map = larger
  }
  return map
}
