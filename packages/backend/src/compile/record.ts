import * as tf from '@tensorflow/tfjs'
import { assignNative } from './assignNative.ts'
import { observeBackend } from './observeBackend.ts'
import { watchOptimizers } from './optimizerState.ts'
import { identity, Recorder } from './recorder.ts'
import type { Recording } from './recording.ts'
import { type ResultParts, runEagerly, type StepResult, takeApart } from './stepResult.ts'
import type { TensorFlowBackend } from './tensorFlowBackend.ts'
import { DT_STRING } from './wire/graphDef.ts'

let recordingNow = false

/** Whether a step is being recorded: a compiled step called inside another one runs as part of it. */
export function isRecording(): boolean {
  return recordingNow
}

/**
 * Runs a step once, eagerly, and records what TensorFlow executes. It is a real step: variables are updated, results are the caller's.
 *
 * @param backend tfjs-node's backend, which is observed only while the step runs
 * @param step what to run
 * @param args its arguments, none of strings
 * @returns what the step returned, and the recording
 */
export function record<R extends StepResult>(
  backend: TensorFlowBackend,
  step: (...args: tf.Tensor[]) => R,
  args: readonly tf.Tensor[],
): { readonly result: R; readonly recording: Recording } {
  const started = performance.now()
  const variables = registeredVariables()
  separateSharedVariables(backend, variables)
  const recorder = new Recorder(backend, variables)
  const inputs = args.map((arg, index) => recorder.addArgument(arg, index))
  let result: R | undefined
  let parts: ResultParts | undefined
  recordingNow = true
  try {
    const optimizers = observeBackend(backend, recorder, () =>
      watchOptimizers(() => {
        result = runEagerly(step, inputs)
        parts = takeApart(result)
        // Values that no op has asked for yet must reach TensorFlow while it is observed.
        backend.getInputTensorIds([...(parts?.tensors ?? []), ...registeredVariables()])
      }),
    )
    const recording = recorder.finish(parts, registeredVariables(), optimizers, performance.now() - started)
    return { result: result!, recording }
  } catch (error) {
    recorder.release()
    throw error
  } finally {
    recordingNow = false
    const returned = tf.tensor_util.getTensorsInContainer(result as tf.TensorContainer)
    for (const input of inputs) if (!returned.includes(input)) input.dispose()
  }
}

function registeredVariables(): tf.Variable[] {
  return Object.values(tf.engine().registeredVariables)
}

/** Gives each variable a native tensor of its own: after `a.assign(b)` the recorder could not tell which of the two a step reads. */
function separateSharedVariables(backend: TensorFlowBackend, variables: readonly tf.Variable[]): void {
  backend.getInputTensorIds(variables) // moves values that are still in JavaScript into TensorFlow
  for (const variable of variables) {
    const { id, dtype, refCount } = backend.tensorMap.get(variable.dataId)
    if (refCount > 1 && dtype !== DT_STRING) assignNative(backend, variable, identity(backend.binding, id))
  }
}
