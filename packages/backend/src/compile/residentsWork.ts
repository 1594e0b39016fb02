import * as tf from '@tensorflow/tfjs'
import { adamUpdate } from '../adam/adamUpdate.ts'
import { GraphSession } from './graphSession.ts'
import { record } from './record.ts'
import { releaseRecording } from './recorder.ts'
import { ResidentHandles } from './residentHandles.ts'
import { buildStepGraph } from './stepGraph.ts'
import type { TensorFlowBackend } from './tensorFlowBackend.ts'

const verdicts = new WeakMap<TensorFlowBackend, boolean>()

/**
 * Whether variables can stay in this TensorFlow from step to step. That a graph can update the variables of handles that are fed in a map is no promise of
 * TensorFlow's, so it is tried once: two small steps, in which the values must come out right, and a clone taken between them must not change.
 */
export function residentsWork(backend: TensorFlowBackend): boolean {
  const known = verdicts.get(backend)
  if (known !== undefined) return known
  let works = false
  try {
    works = tryResidents(backend)
  } catch {
    // A TensorFlow without these ops, or one that refuses the feed: variables are fed and fetched.
  }
  verdicts.set(backend, works)
  return works
}

function tryResidents(backend: TensorFlowBackend): boolean {
  const before = new Set(Object.values(tf.engine().registeredVariables))
  const handles = new ResidentHandles()
  return tf.tidy(() => {
    const [eager, resident] = [smallTask(), smallTask()]
    try {
      for (let step = 0; step < 3; step++) eager.step()
      const { recording } = record(backend, resident.step, [])
      const session = new GraphSession(backend, buildStepGraph(recording), handles)
      session.run([])
      const clone = resident.value.clone()
      const kept = clone.dataSync().slice()
      session.run([])
      const right = equal(resident.value.dataSync(), eager.value.dataSync()) && equal(clone.dataSync(), kept)
      session.dispose()
      releaseRecording(backend, recording)
      return right && session.residentVariables > 0
    } finally {
      handles.dispose()
      for (const variable of Object.values(tf.engine().registeredVariables)) if (!before.has(variable)) variable.dispose()
    }
  })
}

function smallTask(): { readonly value: tf.Variable; readonly step: () => void } {
  const [value, firstMoment, secondMoment] = [
    [1, -2],
    [0, 0],
    [0, 0],
  ].map((start) => tf.variable(tf.tensor1d(start), false)) as [tf.Variable, tf.Variable, tf.Variable]
  const step = (): void => {
    const scalars = { learningRate: tf.scalar(0.1), beta1Power: tf.scalar(0.9), beta2Power: tf.scalar(0.999) }
    const moments = { firstMoment, secondMoment, beta1: 0.9, beta2: 0.999, epsilon: 1e-7 }
    const after = adamUpdate({ value, gradient: tf.mul(value, 3), ...scalars, ...moments })
    value.assign(after.value)
    firstMoment.assign(after.firstMoment)
    secondMoment.assign(after.secondMoment)
  }
  return { value, step }
}

function equal(a: ArrayLike<number>, b: ArrayLike<number>): boolean {
  return Array.from(a).every((value, index) => value === b[index])
}
