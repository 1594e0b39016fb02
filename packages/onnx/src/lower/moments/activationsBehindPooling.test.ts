import * as tf from '@tensorflow/tfjs'
import { afterEach, expect, test } from 'vitest'
import { planModel } from '../../plan/modelPlan.ts'
import { configOf } from '../layerConfig.ts'
import { activationsBehindPooling } from './activationsBehindPooling.ts'

type Tensor = tf.SymbolicTensor

const models: tf.LayersModel[] = []

afterEach(() => {
  for (const model of models.splice(0)) model.dispose()
})

/** The layers of the plan and their activations, in order, of what `build` makes of an image. */
function activationsOf(build: (x: Tensor) => Tensor): readonly string[] {
  const x = tf.input({ shape: [8, 8, 2] })
  const model = tf.model({ inputs: x, outputs: build(x) })
  models.push(model)
  const plan = activationsBehindPooling(planModel(model))
  const known = new Set(plan.inputs.map(({ slot }) => slot))
  return plan.calls.map((call) => {
    // Each call reads what an earlier one gave.
    for (const slot of call.inputs) expect(known.has(slot)).toBe(true)
    for (const slot of call.outputs) known.add(slot)
    const { activation } = configOf(call)
    return activation == null ? call.layer.getClassName() : `${call.layer.getClassName()} ${String(activation)}`
  })
}

const conv = (activation: 'relu' | 'swish' | 'tanh'): tf.layers.Layer =>
  tf.layers.conv2d({ filters: 2, kernelSize: 3, activation })
const pool = (): tf.layers.Layer => tf.layers.maxPooling2d({ poolSize: 2 })

test('an increasing activation goes behind all poolings that follow it', () => {
  expect(activationsOf((x) => pool().apply(conv('relu').apply(x)) as Tensor)).toEqual([
    'Conv2D linear',
    'MaxPooling2D',
    'Activation relu',
  ])
  const twice = (x: Tensor): Tensor => tf.layers.globalMaxPooling2d({}).apply(pool().apply(conv('tanh').apply(x))) as Tensor
  expect(activationsOf(twice)).toEqual([
    'Conv2D linear',
    'MaxPooling2D',
    'Activation linear',
    'GlobalMaxPooling2D',
    'Activation tanh',
  ])
})

test('two poolings of the same tensor each get it', () => {
  const both = (x: Tensor): Tensor => {
    const y = conv('relu').apply(x) as Tensor
    return tf.layers.add().apply([pool().apply(y) as Tensor, pool().apply(y) as Tensor]) as Tensor
  }
  expect(activationsOf(both).filter((name) => name === 'Activation relu')).toHaveLength(2)
})

test('it stays where it falls somewhere, or where something else reads what it gives', () => {
  expect(activationsOf((x) => pool().apply(conv('swish').apply(x)) as Tensor)[0]).toBe('Conv2D swish')
  expect(activationsOf((x) => tf.layers.averagePooling2d({ poolSize: 2 }).apply(conv('relu').apply(x)) as Tensor)[0]).toBe(
    'Conv2D relu',
  )
  const branches = (x: Tensor): Tensor => {
    const y = conv('relu').apply(x) as Tensor
    const branch = tf.layers.globalAveragePooling2d({}).apply(y) as Tensor
    return tf.layers.add().apply([tf.layers.globalMaxPooling2d({}).apply(y) as Tensor, branch]) as Tensor
  }
  expect(activationsOf(branches)[0]).toBe('Conv2D relu')
  expect(activationsOf((x) => conv('relu').apply(x) as Tensor)).toEqual(['Conv2D relu'])
})
