import * as tf from '@tensorflow/tfjs'
import * as nodeRuntime from 'onnxruntime-node'
import * as webRuntime from 'onnxruntime-web'
import { planModel } from '../../src/plan/modelPlan.ts'

/** Which engine ran a file. */
export type Engine = 'node' | 'web'

/**
 * What a file computes, and what tfjs does: the largest difference, relative to the largest number of the output in tfjs (or 1, where that is less).
 *
 * @returns the worst of the engines; undefined where tfjs cannot run the model on these inputs, or gives nothing
 */
export async function differenceOf(
  model: tf.LayersModel,
  bytes: Uint8Array,
  inputs: readonly tf.Tensor[],
  engines: readonly Engine[],
): Promise<number | undefined> {
  const expected = predicted(model, inputs)
  if (expected == null) return undefined
  try {
    const values = expected.map((tensor) => ({ data: tensor.dataSync(), shape: tensor.shape }))
    return await differenceTo(model, bytes, inputs, values, engines)
  } finally {
    tf.dispose([...expected])
  }
}

/** The same for outputs that are known: the largest difference of what a file computes to them. */
export async function differenceTo(
  model: tf.LayersModel,
  bytes: Uint8Array,
  inputs: readonly tf.Tensor[],
  expected: readonly { readonly data: ArrayLike<number>; readonly shape: readonly number[] }[],
  engines: readonly Engine[],
): Promise<number> {
  const { inputs: planned, outputNames } = planModel(model)
  let worst = 0
  for (const engine of engines) {
    const feeds = Object.fromEntries(planned.map(({ name }, index) => [name, feedOf(inputs[index]!)]))
    const actual = await (engine === 'node' ? runOnNode(bytes, feeds) : runOnWeb(bytes, feeds))
    outputNames.forEach((name, index) => {
      const { data, dims } = actual[name]!
      const { data: values, shape } = expected[index]!
      if (String(dims) !== String(shape)) throw new Error(`output ${name} is [${dims}], expected [${shape}]`)
      worst = Math.max(worst, relativeDifference(data, values))
    })
  }
  return worst
}

function predicted(model: tf.LayersModel, inputs: readonly tf.Tensor[]): readonly tf.Tensor[] | undefined {
  let outputs: readonly tf.Tensor[]
  try {
    if (hasEmptyTensor(model, inputs)) return undefined
    outputs = [model.predict(inputs.length === 1 ? inputs[0]! : [...inputs])].flat()
  } catch {
    return undefined
  }
  if (outputs.every(({ size }) => size > 0)) return outputs
  tf.dispose([...outputs])
  return undefined
}

/** Whether tfjs can run a model on these inputs. */
export function canRun(model: tf.LayersModel, inputs: readonly tf.Tensor[]): boolean {
  const outputs = predicted(model, inputs)
  if (outputs != null) tf.dispose([...outputs])
  return outputs != null
}

/** Whether some window finds no place on inputs of these sizes: of tensors without elements TensorFlow's convolutions with oneDNN make some that have them. */
function hasEmptyTensor(model: tf.LayersModel, inputs: readonly tf.Tensor[]): boolean {
  const plan = planModel(model)
  const shapes = new Map(plan.inputs.map(({ slot }, index) => [slot, inputs[index]!.shape]))
  return plan.calls.some(({ layer, inputs: given, outputs }) => {
    const sizes = given.map((slot) => shapes.get(slot)!)
    const made = layer.computeOutputShape(sizes.length === 1 ? sizes[0]! : sizes)
    const several = (Array.isArray(made[0]) ? made : [made]) as number[][]
    for (const [index, slot] of outputs.entries()) shapes.set(slot, several[index]!)
    return several.some((shape) => shape.some((size) => size != null && size < 1))
  })
}

interface Feed {
  readonly type: 'float32' | 'int32'
  readonly data: Float32Array | Int32Array
  readonly dims: readonly number[]
}

type Results = Readonly<Record<string, { readonly data: ArrayLike<number>; readonly dims: readonly number[] }>>

function feedOf(tensor: tf.Tensor): Feed {
  return { type: tensor.dtype as 'float32' | 'int32', data: tensor.dataSync() as Float32Array, dims: tensor.shape }
}

/** What onnxruntime-node makes of these inputs, by the names of the outputs. */
export async function runOnNode(bytes: Uint8Array, feeds: Readonly<Record<string, Feed>>): Promise<Results> {
  const session = await nodeRuntime.InferenceSession.create(bytes, { logSeverityLevel: 3 })
  const tensors = Object.entries(feeds).map(([name, { type, data, dims }]) => [
    name,
    new nodeRuntime.Tensor(type, data as Float32Array, dims),
  ])
  const results = await session.run(Object.fromEntries(tensors) as nodeRuntime.InferenceSession.FeedsType)
  await session.release()
  return results as unknown as Results
}

async function runOnWeb(bytes: Uint8Array, feeds: Readonly<Record<string, Feed>>): Promise<Results> {
  webRuntime.env.wasm.numThreads = 1
  const session = await webRuntime.InferenceSession.create(bytes, { logSeverityLevel: 3, executionProviders: ['wasm'] })
  const tensors = Object.entries(feeds).map(([name, { type, data, dims }]) => [
    name,
    new webRuntime.Tensor(type, data as Float32Array, dims),
  ])
  const results = await session.run(Object.fromEntries(tensors) as webRuntime.InferenceSession.FeedsType)
  await session.release()
  return results as unknown as Results
}

function relativeDifference(actual: ArrayLike<number>, expected: ArrayLike<number>): number {
  if (actual.length !== expected.length) throw new Error(`${actual.length} elements, expected ${expected.length}`)
  let scale = 1
  let worst = 0
  for (let i = 0; i < expected.length; i++) {
    const [a, b] = [actual[i]!, expected[i]!]
    if (Number.isFinite(b)) scale = Math.max(scale, Math.abs(b))
    if (Object.is(a, b) || a === b) continue
    const difference = Math.abs(a - b)
    worst = Number.isNaN(difference) ? Number.POSITIVE_INFINITY : Math.max(worst, difference)
  }
  return worst / scale
}
