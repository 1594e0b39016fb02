import { performance } from 'node:perf_hooks'
import * as tf from '@tensorflow/tfjs'

/** One op as TensorFlow ran it. */
export interface NativeOp {
  readonly op: string
  /** Elements of the largest tensor that went in or came out. */
  readonly elements: number
  readonly milliseconds: number
}

/** The part of tfjs-node's backend that ops go through. */
interface Backend {
  binding: Binding
}

interface Binding {
  executeOp(
    op: string,
    attributes: unknown,
    inputIds: number[],
    outputs: number,
  ): readonly { id: number; shape: readonly number[] }[]
}

/** Times each op that the native backend runs while a function is at work; on a CPU an eager op has ended when its call returns. */
export async function timeNativeOps(run: () => Promise<unknown>): Promise<readonly NativeOp[]> {
  const backend = tf.backend() as unknown as Backend
  const { binding } = backend
  const ops: NativeOp[] = []
  const sizes = new Map<number, number>()
  const executeOp: Binding['executeOp'] = (op, attributes, inputIds, outputs) => {
    const start = performance.now()
    const tensors = binding.executeOp(op, attributes, inputIds, outputs)
    const milliseconds = performance.now() - start
    for (const { id, shape } of tensors) sizes.set(id, tf.util.sizeFromShape([...shape]))
    const elements = Math.max(0, ...[...inputIds, ...tensors.map(({ id }) => id)].map((id) => sizes.get(id) ?? 0))
    ops.push({ op, elements, milliseconds })
    return tensors
  }
  // The addon's own properties are read-only: it can be stood in for, not patched.
  backend.binding = Object.create(binding, { executeOp: { value: executeOp } }) as Binding
  try {
    await run()
  } finally {
    backend.binding = binding
  }
  return ops
}
