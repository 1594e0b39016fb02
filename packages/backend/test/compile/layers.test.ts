import * as tf from '@tensorflow/tfjs'
import { expect } from 'vitest'
import { compile } from '../../src/compile/index.ts'
import { statelessNormal } from '../../src/random/statelessNormal.ts'
import { expectSameNumbers } from './expectSameNumbers.ts'
import { nativeTest as test } from './nativeTest.ts'

const STEPS = 100

interface Task {
  readonly model: () => tf.LayersModel
  readonly inputs: (call: number) => tf.Tensor[]
  readonly loss: (outputs: tf.Tensor[]) => tf.Tensor
}

const tasks: Record<string, Task> = {
  dense: {
    model: () =>
      tf.sequential({
        layers: [
          tf.layers.dense({ inputShape: [6], units: 12, activation: 'relu', kernelRegularizer: 'l1l2' }),
          tf.layers.layerNormalization(),
          tf.layers.dense({ units: 3, activation: 'softmax' }),
        ],
      }),
    inputs: (call) => [statelessNormal([8, 6], 1, call)],
    loss: ([y]) => y!.slice([0, 0], [8, 1]).log().neg().mean(),
  },
  'convolutional with batch normalization': {
    model: () =>
      tf.sequential({
        layers: [
          tf.layers.conv2d({ inputShape: [8, 8, 1], filters: 4, kernelSize: 3, activation: 'relu' }),
          tf.layers.batchNormalization(),
          tf.layers.maxPooling2d({ poolSize: 2 }),
          tf.layers.depthwiseConv2d({ kernelSize: 2 }),
          tf.layers.globalAveragePooling2d({}),
          tf.layers.dense({ units: 2 }),
        ],
      }),
    inputs: (call) => [statelessNormal([5, 8, 8, 1], 2, call)],
    loss: ([y]) => y!.square().mean(),
  },
  'LSTM and GRU': {
    model: () =>
      tf.sequential({
        layers: [
          tf.layers.lstm({ inputShape: [5, 3], units: 6, returnSequences: true }),
          tf.layers.gru({ units: 4 }),
          tf.layers.dense({ units: 1 }),
        ],
      }),
    inputs: (call) => [statelessNormal([4, 5, 3], 3, call)],
    loss: ([y]) => y!.sub(1).square().mean(),
  },
  'embedding and attention by hand': {
    model: () => {
      const tokens = tf.input({ shape: [7], dtype: 'int32' })
      const embedded = tf.layers.embedding({ inputDim: 11, outputDim: 4 }).apply(tokens) as tf.SymbolicTensor
      const scores = tf.layers.dot({ axes: 2 }).apply([embedded, embedded]) as tf.SymbolicTensor
      const weights = tf.layers.activation({ activation: 'softmax' }).apply(scores) as tf.SymbolicTensor
      const mixed = tf.layers.dot({ axes: [2, 1] }).apply([weights, embedded]) as tf.SymbolicTensor
      return tf.model({ inputs: tokens, outputs: tf.layers.flatten().apply(mixed) as tf.SymbolicTensor })
    },
    inputs: (call) => [statelessNormal([6, 7], 4, call).abs().mul(4).clipByValue(0, 10).toInt()],
    loss: ([y]) => y!.sub(0.5).square().mean(),
  },
  'functional with two inputs and two outputs': {
    model: () => {
      const first = tf.input({ shape: [4] })
      const second = tf.input({ shape: [3] })
      const joined = tf.layers.concatenate().apply([first, second]) as tf.SymbolicTensor
      const shared = tf.layers.dense({ units: 5, activation: 'elu' })
      const hidden = shared.apply(joined) as tf.SymbolicTensor
      const skip = tf.layers
        .add()
        .apply([hidden, tf.layers.dense({ units: 5 }).apply(hidden) as tf.SymbolicTensor]) as tf.SymbolicTensor
      const outputs = [
        tf.layers.dense({ units: 2 }).apply(skip),
        tf.layers.dense({ units: 1, activation: 'sigmoid' }).apply(hidden),
      ]
      return tf.model({ inputs: [first, second], outputs: outputs as tf.SymbolicTensor[] })
    },
    inputs: (call) => [statelessNormal([9, 4], 5, call), statelessNormal([9, 3], 6, call)],
    loss: ([y, p]) => y!.square().mean().add(p!.log().neg().mean()),
  },
}

const WITH_SOFTMAX = new Set(['dense', 'embedding and attention by hand'])

/** A training step by Adam on a model whose weights are the same however often it is made. */
function trainer({ model: createModel, loss }: Task) {
  const model = createModel()
  const optimizer = tf.train.adam(0.01)
  tf.tidy(() => {
    model.setWeights(
      model
        .getWeights()
        .map((weight, i) =>
          /variance|gamma/.test(model.weights[i]!.name) ? weight : statelessNormal(weight.shape, 100 + i, 0).mul(0.3),
        ),
    )
  })
  const variables = model.trainableWeights.map((weight) => weight.read() as tf.Variable)
  const step = (...inputs: tf.Tensor[]) => {
    const total = () => {
      const outputs = model.apply(inputs.length === 1 ? inputs[0]! : inputs, { training: true }) as tf.Tensor | tf.Tensor[]
      const penalties = model.calculateLosses()
      return tf.addN([loss(Array.isArray(outputs) ? outputs : [outputs]), ...penalties]) as tf.Scalar
    }
    return optimizer.minimize(total, true, variables) as tf.Scalar
  }
  return { model, step }
}

test.each(Object.entries(tasks))('%s: losses, weights and moving averages equal eager ones', (name, task) => {
  const softmax = { softmax: WITH_SOFTMAX.has(name) }
  const eager = trainer(task)
  const other = trainer(task)
  const compiled = compile(other.step, { check: 'strict', checkEvery: 60 })
  for (let call = 0; call < STEPS; call++) {
    const [expected, actual] = tf.tidy(() => {
      const inputs = task.inputs(call)
      return [eager.step(...inputs).dataSync()[0]!, compiled(...inputs).dataSync()[0]!] as const
    })
    expectSameNumbers([actual], [expected], softmax)
  }
  expect(compiled.graph.reason).toBeUndefined()
  expect(compiled.graph.stats.graphCalls).toBe(STEPS - 4)
  eager.model.getWeights().forEach((weight, i) => {
    expectSameNumbers(other.model.getWeights()[i]!.dataSync(), weight.dataSync(), softmax)
  })
  compiled.dispose()
})
