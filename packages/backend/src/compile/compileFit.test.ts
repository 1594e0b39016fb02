import * as tf from '@tensorflow/tfjs'
import { expect } from 'vitest'
import { expectSameNumbers } from '../../test/compile/expectSameNumbers.ts'
import { nativeTest as test } from '../../test/compile/nativeTest.ts'
import { statelessNormal } from '../random/statelessNormal.ts'
import { compileFit } from './compileFit.ts'

const ROWS = 70
const BATCH = 16

function functional(): tf.LayersModel {
  const input = tf.input({ shape: [4] })
  const hidden = tf.layers
    .batchNormalization()
    .apply(tf.layers.dense({ units: 6, activation: 'relu' }).apply(input)) as tf.SymbolicTensor
  const outputs = [
    tf.layers.dense({ units: 3, activation: 'softmax' }).apply(hidden),
    tf.layers.dense({ units: 1 }).apply(hidden),
  ]
  return tf.model({ inputs: input, outputs: outputs as tf.SymbolicTensor[] })
}

function sequential(): tf.LayersModel {
  return tf.sequential({
    layers: [
      tf.layers.dense({ inputShape: [4], units: 6, activation: 'relu', kernelRegularizer: tf.regularizers.l2() }),
      tf.layers.dense({ units: 3, activation: 'softmax' }),
    ],
  })
}

const x = statelessNormal([ROWS, 4], 1, 0)
const labels = tf.tidy(() => tf.oneHot(x.slice([0, 0], [ROWS, 3]).argMax(1), 3))
const values = tf.tidy(() => x.sum(1, true))

const cases = [
  { name: 'functional', create: functional, y: [labels, values], loss: ['categoricalCrossentropy', 'meanSquaredError'] },
  { name: 'sequential', create: sequential, y: labels, loss: 'categoricalCrossentropy' },
]

/** A model with always the same weights, compiled for training. */
function prepared({ create, loss }: (typeof cases)[number]): tf.LayersModel {
  const model = create()
  tf.tidy(() => {
    model.setWeights(
      model
        .getWeights()
        .map((weight, i) =>
          /variance|gamma/.test(model.weights[i]!.name) ? weight : statelessNormal(weight.shape, 50 + i, 0).mul(0.3),
        ),
    )
  })
  model.compile({ optimizer: tf.train.adam(0.01), loss, metrics: ['accuracy'] })
  return model
}

/** Both models end in a softmax. */
function expectSameWeights(model: tf.LayersModel, eager: tf.LayersModel): void {
  eager.getWeights().forEach((weight, i) => {
    expectSameNumbers(model.getWeights()[i]!.dataSync(), weight.dataSync(), { softmax: true })
  })
}

test.each(cases)(
  'model.fit of a $name model has the same history and weights with compiled steps, and leaks nothing',
  async (each) => {
    const options = { epochs: 4, batchSize: BATCH, shuffle: false, verbose: 0 } as const
    const eager = prepared(each)
    const expected = await eager.fit(x, each.y, options)
    const model = prepared(each)
    const compiled = compileFit(model)
    const history = await model.fit(x, each.y, options)
    const numbers = ({ history }: tf.History): number[] => Object.values(history).flat() as number[] // layers' automatic names differ
    expectSameNumbers(numbers(history), numbers(expected), { softmax: true })
    expect(compiled.graph.reason).toBeUndefined()
    expect(compiled.graph.stats).toMatchObject({ eagerCalls: 1, recordedCalls: 4, graphCalls: 15 })
    const tensors = tf.memory().numTensors
    await model.fit(x, each.y, options)
    expect(tf.memory().numTensors).toBe(tensors)
    await eager.fit(x, each.y, options)
    expectSameWeights(model, eager)
    compiled.dispose()
    await model.fit(x, each.y, { ...options, epochs: 1 })
    await eager.fit(x, each.y, { ...options, epochs: 1 })
    expectSameWeights(model, eager)
  },
)

test('a model that is compiled again is trained by its new optimizer and loss', async () => {
  const options = { epochs: 2, batchSize: BATCH, shuffle: false, verbose: 0 } as const
  const [, each] = cases as [unknown, (typeof cases)[number]]
  const eager = prepared(each)
  const model = prepared(each)
  const compiled = compileFit(model)
  for (const loss of ['categoricalCrossentropy', 'meanSquaredError']) {
    for (const target of [eager, model]) {
      target.compile({ optimizer: tf.train.momentum(0.02, 0.9), loss })
      await target.fit(x, labels, options)
    }
    expect(compiled.graph.reason).toBeUndefined()
    expect(compiled.graph.stats.graphCalls).toBeGreaterThan(3)
  }
  expectSameWeights(model, eager)
  compiled.dispose()
})

test('dropout keeps model.fit eager, and says so once', async () => {
  const model = tf.sequential({ layers: [tf.layers.dense({ inputShape: [4], units: 3 }), tf.layers.dropout({ rate: 0.5 })] })
  const messages: string[] = []
  const compiled = compileFit(model, { warn: (message) => messages.push(message) })
  model.compile({ optimizer: 'sgd', loss: 'meanSquaredError' })
  await model.fit(x, labels, { epochs: 2, batchSize: BATCH, verbose: 0 })
  expect(compiled.graph.reason).toMatchObject({ code: 'changing-constant' })
  expect(messages).toHaveLength(1)
  compiled.dispose()
})
