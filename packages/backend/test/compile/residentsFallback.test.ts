import * as tf from '@tensorflow/tfjs'
import { expect } from 'vitest'
import { compile } from '../../src/compile/index.ts'
import { tensorFlowBackend } from '../../src/compile/tensorFlowBackend.ts'
import { adamLoss, adamTask } from './adamTask.ts'
import { nativeTest as test } from './nativeTest.ts'

test('in a TensorFlow that cannot keep variables from step to step they are fed and fetched', () => {
  const backend = tensorFlowBackend()!
  const { binding } = backend
  const executeOp: typeof binding.executeOp = (op, ...rest) => {
    if (op === 'EmptyTensorMap') throw new Error('Op type not registered')
    return binding.executeOp(op, ...rest)
  }
  const eager = adamTask()
  const other = adamTask()
  const compiled = compile(other.step)
  const before = tf.memory().numTensors
  backend.binding = Object.create(binding, { executeOp: { value: executeOp } }) as typeof binding
  try {
    for (let call = 0; call < 30; call++) expect(adamLoss(compiled, call)).toBe(adamLoss(eager.step, call))
  } finally {
    backend.binding = binding
  }
  expect(compiled.graph.reason).toBeUndefined()
  expect(compiled.graph.stats.graphs[0]).toMatchObject({ residentVariables: 0 })
  expect(tf.memory().numTensors).toBe(before)
  compiled.dispose()
  tf.dispose([...eager.all, ...other.all])
})
