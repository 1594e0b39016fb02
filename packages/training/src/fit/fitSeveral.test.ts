import * as tf from '@tensorflow/tfjs'
import { ForwardPass, seededNoise, variationalDense } from '@tfjs-bayes/layers'
import { expectNoLeak, expectTensorsClose } from '@tfjs-bayes/testing'
import { describe, expect, test } from 'vitest'
import type { Checkpoint } from '../checkpoint/checkpoint.ts'
import { InvalidOptionError, InvalidTargetError, ShapeMismatchError, UnsupportedModelError } from '../errors.ts'
import { evaluateElbo } from '../evaluate/evaluateElbo.ts'
import { categorical } from '../likelihoods/categorical.ts'
import { gaussian } from '../likelihoods/gaussian.ts'
import { predictive } from '../predict/predictive.ts'
import { predictiveLogLikelihood } from '../predict/predictiveLogLikelihood.ts'
import { predictiveRegression } from '../predict/predictiveRegression.ts'
import { deriveSeed, SeedPurpose } from '../random/deriveSeed.ts'
import { fit } from './fit.ts'
import type { FitOptions } from './fitOptions.ts'

const ROWS = 14
const SIGMA = 0.5
const words = tf.tensor2d(
  Array.from({ length: ROWS * 2 }, (_, i) => (i * 5) % 7),
  [ROWS, 2],
  'int32',
)
const numbers = tf.randomNormal([ROWS, 3], 0, 1, 'float32', 2) as tf.Tensor2D
const label = tf.tensor1d(
  Array.from({ length: ROWS }, (_, i) => i % 4),
  'int32',
)
const size = tf.randomNormal([ROWS, 2], 0, 1, 'float32', 3) as tf.Tensor2D
const data = { x: { words, numbers }, y: { label, size } }
const likelihood = { label: categorical(), size: gaussian({ sigma: SIGMA }) }

/** Two inputs, one of them of integers, and two outputs. */
function network(bayesian = true): tf.LayersModel {
  const dense = (args: { units: number; name: string; seed: number }): tf.layers.Layer =>
    bayesian
      ? variationalDense({ ...args, initialSigma: 0.3 })
      : tf.layers.dense({
          units: args.units,
          name: args.name,
          kernelInitializer: tf.initializers.glorotNormal({ seed: args.seed }),
        })
  const first = tf.input({ shape: [2], name: 'words', dtype: 'int32' })
  const second = tf.input({ shape: [3], name: 'numbers' })
  const table = tf.layers.embedding({
    inputDim: 7,
    outputDim: 2,
    embeddingsInitializer: tf.initializers.randomNormal({ seed: 5 }),
    // The gradient of an embedding of tfjs has no wasm kernel.
    trainable: false,
  })
  const vectors = tf.layers.flatten().apply(table.apply(first)) as tf.SymbolicTensor
  const both = tf.layers.concatenate().apply([vectors, second]) as tf.SymbolicTensor
  const hidden = dense({ units: 5, name: 'hidden', seed: 1 }).apply(both) as tf.SymbolicTensor
  const outputs = [dense({ units: 4, name: 'label', seed: 2 }), dense({ units: 2, name: 'size', seed: 3 })]
  return tf.model({ inputs: [first, second], outputs: outputs.map((layer) => layer.apply(hidden) as tf.SymbolicTensor) })
}

const options = (extra: Partial<FitOptions> = {}): FitOptions => ({
  likelihood,
  epochs: 2,
  batchSize: 6,
  seed: 4,
  learningRate: 0.03,
  ...extra,
})
const weights = (model: tf.LayersModel): number[] => model.getWeights().flatMap((weight) => [...weight.dataSync()])

/** Minus log-likelihood of both outputs, row by row, by hand. */
function jointNll([logits, mean]: tf.Tensor[]): tf.Tensor1D {
  const ofLabels = tf.neg(tf.sum(tf.mul(tf.oneHot(label, 4).toFloat(), tf.logSoftmax(logits!)), 1))
  const constant = Math.log(SIGMA) + 0.5 * Math.log(2 * Math.PI)
  const ofNumbers = tf.sum(tf.add(tf.mul(0.5 / SIGMA ** 2, tf.squaredDifference(mean!, size)), constant), 1)
  return tf.add(ofLabels, ofNumbers)
}

describe('several inputs and outputs', () => {
  test('the NLL is the sum of the outputs’ own, by hand; by name and by place alike', async () => {
    await expectNoLeak(async () => {
      const model = network(false)
      const expected = tf.tidy(() => tf.mean(jointNll(model.predict([words, numbers]) as tf.Tensor[])).dataSync()[0]!)
      const named = await evaluateElbo(model, data, { likelihood, datasetSize: ROWS, seed: 1, batchSize: 5 })
      expect(named.nll).toBeCloseTo(expected, 5)
      expect(named.error).toBeUndefined()
      const placed = { x: [words, numbers], y: [label, size] }
      const options = { likelihood: [likelihood.label, likelihood.size], datasetSize: ROWS, seed: 1, batchSize: 5 }
      expect(await evaluateElbo(model, placed, options)).toEqual(named)
      model.dispose()
    })
  })

  test('a step of gradient descent is that of the loss by hand', async () => {
    const [model, twin] = [network(false), network(false)]
    await fit(model, data, options({ epochs: 1, batchSize: ROWS, optimizer: 'sgd' }))
    const variables = twin.trainableWeights.map((weight) => weight.read() as tf.Variable)
    const before = variables.map((variable) => variable.clone())
    tf.tidy(() => {
      const loss = () => tf.mean(jointNll(twin.apply([words, numbers]) as tf.Tensor[])) as tf.Scalar
      const { grads } = tf.variableGrads(loss, variables)
      for (const [i, variable] of variables.entries()) {
        const moved = tf.sub(variable, tf.mul(0.03, grads[variable.name]!))
        expectTensorsClose(model.trainableWeights[i]!.read(), moved, { absolute: 1e-6 })
        expect(tf.max(tf.abs(tf.sub(moved, before[i]!))).dataSync()[0]).toBeGreaterThan(1e-4)
      }
    })
    tf.dispose(before)
  })

  test('a mask of one output leaves out its numbers alone, weights count whole examples', async () => {
    const model = network(false)
    const known = size.greater(0).toFloat()
    const masked = { ...data, mask: { size: known }, weights: tf.range(0, ROWS) }
    const { nll } = await evaluateElbo(model, masked, { likelihood, datasetSize: ROWS, seed: 1 })
    const expected = tf.tidy(() => {
      const [logits, mean] = model.predict([words, numbers]) as [tf.Tensor, tf.Tensor]
      const ofLabels = likelihood.label.logLikelihood(logits, label)
      const ofNumbers = tf.sum(tf.mul(likelihood.size.elements!.logLikelihood(mean, size), known), 1)
      return tf.mean(tf.mul(tf.neg(tf.add(ofLabels, ofNumbers)), tf.range(0, ROWS))).dataSync()[0]!
    })
    expect(nll).toBeCloseTo(expected, 4)
  })

  test('stopped and taken up again, a run ends with the bits of one never stopped; streamed batches train too', async () => {
    const whole = network()
    const expected = await fit(whole, { ...data, validation: data }, options({ samples: 2 }))
    let saved: Checkpoint | undefined
    const store = {
      latest: async () => structuredClone(saved),
      save: async (checkpoint: Checkpoint) => {
        saved = structuredClone(checkpoint)
      },
    }
    const abort = new AbortController()
    const onEpoch = () => abort.abort()
    const checkpoint = { store, everySeconds: 0 }
    await fit(network(), { ...data, validation: data }, options({ samples: 2, checkpoint, onEpoch, signal: abort.signal }))
    expect(saved!.position).toEqual({ epoch: 1, batch: 0 })
    const resumed = network()
    const last = await fit(resumed, { ...data, validation: data }, options({ samples: 2, checkpoint }))
    expect(weights(resumed)).toEqual(weights(whole))
    expect(last.epochs.at(-1)!.validation).toEqual(expected.epochs.at(-1)!.validation)

    const streamed = network()
    const batch = () => ({
      xs: { words: words.clone(), numbers: numbers.clone() },
      ys: { label: label.clone(), size: size.clone() },
    })
    await expectNoLeak(async () => {
      const history = await fit(
        streamed,
        { stream: () => [batch()] },
        options({ batchSize: ROWS, datasetSize: ROWS, epochs: 30, learningRate: 0.05 }),
      )
      expect(history.epochs.at(-1)!.nll).toBeLessThan(0.8 * history.epochs[0]!.nll)
    })
  })

  test('predictions of one output, and the likelihood of both, are those of draws by hand', async () => {
    const model = network()
    const x = [words, numbers]
    await expectNoLeak(async () => {
      const classes = await predictive(model, x, { samples: 12, seed: 3, output: 'label' })
      const regression = await predictiveRegression(model, x, {
        samples: 12,
        seed: 3,
        output: 1,
        likelihood: likelihood.size,
      })
      const joint = await predictiveLogLikelihood(model, data, { samples: 12, seed: 3, likelihood })
      tf.tidy(() => {
        const draws = Array.from({ length: 12 }, (_, draw) => {
          const noise = seededNoise(deriveSeed(3, SeedPurpose.predictiveNoise), draw)
          return model.apply(x, { pass: new ForwardPass({ mode: 'sample', noise }) }) as tf.Tensor[]
        })
        const mean = (values: tf.Tensor[]): tf.Tensor => tf.mean(tf.stack(values), 0)
        expectTensorsClose(classes.probabilities, mean(draws.map(([logits]) => tf.softmax(logits!))), { absolute: 2e-6 })
        expectTensorsClose(regression.mean, mean(draws.map(([, numbers]) => numbers!)), { absolute: 2e-6 })
        const logs = tf.stack(draws.map((outputs) => tf.neg(jointNll(outputs))))
        const expected = tf.sub(tf.logSumExp(logs, 0), Math.log(12))
        expectTensorsClose(joint.logLikelihood, expected, { absolute: 1e-4 })
      })
      for (const result of [classes, regression, joint]) result.dispose()
    })
  })

  test.each<[string, (model: tf.LayersModel) => Promise<unknown>, new (...args: never[]) => Error, RegExp]>([
    [
      'one input of two',
      (model) => fit(model, { ...data, x: words }, options()),
      InvalidOptionError,
      /data\.x is 'one'; .*words, numbers/,
    ],
    [
      'a missing input',
      (model) => fit(model, { ...data, x: { words } }, options()),
      InvalidOptionError,
      /data\.x\.numbers is undefined/,
    ],
    [
      'an unknown output',
      (model) => fit(model, { ...data, y: { ...data.y, colour: label } }, options()),
      InvalidOptionError,
      /data\.y is '\{ colour \}'; expected .* by the names label, size/,
    ],
    [
      'one likelihood for two outputs',
      (model) => fit(model, data, options({ likelihood: categorical() })),
      InvalidOptionError,
      /likelihood is 'one'; expected one for each of label, size/,
    ],
    [
      'three tensors for two inputs',
      (model) => fit(model, { ...data, x: [words, numbers, size] }, options()),
      InvalidOptionError,
      /the length of data\.x is 3/,
    ],
    [
      'rows that differ',
      (model) => fit(model, { ...data, x: { words, numbers: tf.slice(numbers, 0, 3) } }, options()),
      ShapeMismatchError,
      /data\.x\.numbers has shape \[3, 3\]; expected 14 rows, as data\.x\.words has/,
    ],
    [
      'a wrong target of one output',
      (model) => fit(model, { ...data, y: { ...data.y, label: tf.fill([ROWS], 9) } }, options()),
      InvalidTargetError,
      /data\.y\.label\[0\] is 9/,
    ],
    [
      'integers that float32 cannot tell apart',
      (model) => fit(model, { ...data, x: { words: tf.fill([ROWS, 2], 2 ** 24 + 2, 'int32'), numbers } }, options()),
      InvalidOptionError,
      /data\.x\.words is 16777218/,
    ],
    [
      'no output named',
      (model) => predictive(model, [words, numbers], { seed: 1 }),
      InvalidOptionError,
      /output is undefined; .*'label', 'size'/,
    ],
    [
      'an output that is none',
      (model) => predictive(model, [words, numbers], { seed: 1, output: 'x' }),
      InvalidOptionError,
      /output is 'x'/,
    ],
  ])('refuses %s', async (_, run, error, message) => {
    const failure = run(network())
    await expect(failure).rejects.toThrow(error)
    await expect(failure).rejects.toThrow(message)
  })

  test('refuses an open axis among several', async () => {
    const inputs = [tf.input({ shape: [null, 2], name: 'open' }), tf.input({ shape: [2], name: 'closed' })]
    const pooled = tf.layers.globalAveragePooling1d({}).apply(inputs[0]!) as tf.SymbolicTensor
    const sum = tf.layers.add().apply([pooled, inputs[1]!]) as tf.SymbolicTensor
    const model = tf.model({ inputs, outputs: tf.layers.dense({ units: 1 }).apply(sum) as tf.SymbolicTensor })
    const x = { open: tf.zeros([2, 3, 2]), closed: tf.zeros([2, 2]) }
    const failure = fit(model, { x, y: tf.zeros([2, 1]) }, options({ likelihood: gaussian({ sigma: 1 }) }))
    await expect(failure).rejects.toThrow(UnsupportedModelError)
    await expect(failure).rejects.toThrow(/'open.*\[rows, any, 2\]/)
  })
})
