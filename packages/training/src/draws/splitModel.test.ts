import * as tf from '@tensorflow/tfjs'
import {
  ForwardPass,
  seededNoise,
  variationalConv2d,
  variationalDense,
  variationalEmbedding,
  variationalLayers,
} from '@tfjs-bayes/layers'
import { expectNoLeak } from '@tfjs-bayes/testing'
import fc from 'fast-check'
import { describe, expect, test, vi } from 'vitest'
import { splitModel } from './splitModel.ts'

const WIDE = 4

const bayesian = (estimator: 'localReparameterization' | 'weightSampling' | 'flipout' = 'localReparameterization') =>
  variationalDense({ units: WIDE, initialSigma: 0.5, estimator, seed: 1 })
const dense = (): tf.layers.Layer => tf.layers.dense({ units: WIDE, activation: 'tanh' })
const input = (): tf.SymbolicTensor => tf.input({ shape: [WIDE] })

const passOf = (draw: number): ForwardPass => new ForwardPass({ mode: 'sample', noise: seededNoise(3, draw) })

const rows = (model: tf.LayersModel): tf.Tensor[] =>
  model.inputs.map(({ shape, dtype }, i) =>
    tf.tidy(() => tf.randomUniform([3, ...(shape.slice(1) as number[])], 0, 5, 'int32', i).cast(dtype)),
  )

const listed = (outputs: tf.Tensor | tf.Tensor[]): tf.Tensor[] => (Array.isArray(outputs) ? outputs : [outputs])

/** Draws of the split model have the bits of those of the model itself, the KL too, and leave nothing behind. */
async function expectSameDraws(model: tf.LayersModel): Promise<void> {
  const inputs = rows(model)
  await expectNoLeak(() => {
    const split = splitModel(model)
    const fixed = tf.tidy(() => split.fixed(inputs))
    expect(fixed).toHaveLength(split.fixedValues)
    for (let draw = 0; draw < 3; draw++) {
      tf.tidy(() => {
        const [pass, alone] = [passOf(draw), passOf(draw)]
        const outputs = split.drawn(fixed, { training: false, pass })
        const expected = listed(
          model.apply(inputs.length === 1 ? inputs[0]! : inputs, { training: false, pass: alone } as never) as tf.Tensor,
        )
        expect(outputs.map((each) => Array.from(each.dataSync()))).toEqual(expected.map((each) => Array.from(each.dataSync())))
        expect(outputs.map(({ shape }) => shape)).toEqual(expected.map(({ shape }) => shape))
        expect(pass.kl().dataSync()[0]).toBe(alone.kl().dataSync()[0])
      })
    }
    tf.dispose(fixed)
    expect(inputs.some(({ isDisposed }) => isDisposed)).toBe(false)
  })
  tf.dispose(inputs)
}

/** The layers that a draw calls, by name, where the fixed part was run before. */
function calledByDraw(model: tf.LayersModel): string[] {
  const called: string[] = []
  const split = splitModel(model)
  tf.tidy(() => {
    const fixed = split.fixed(rows(model))
    for (const layer of leaves(model)) layer.setCallHook(() => called.push(layer.name))
    split.drawn(fixed, { training: false, pass: passOf(0) })
  })
  for (const layer of leaves(model)) layer.clearCallHook()
  return called
}

function leaves(layer: tf.layers.Layer): tf.layers.Layer[] {
  return layer instanceof tf.LayersModel ? layer.layers.flatMap(leaves) : [layer]
}

/** Adds random numbers at each call, as someone's own Monte-Carlo dropout would. */
class OwnLayer extends tf.layers.Layer {
  static className = 'OwnLayer'
  override call(x: tf.Tensor | tf.Tensor[], kwargs: Parameters<tf.layers.Layer['call']>[1]): tf.Tensor {
    this.invokeCallHook(x, kwargs)
    return listed(x)[0]!.mul(2)
  }
}

const twoInputs = (build: (a: tf.SymbolicTensor, b: tf.SymbolicTensor) => tf.SymbolicTensor[]): tf.LayersModel => {
  const inputs = [input(), input()] as const
  return tf.model({ inputs: [...inputs], outputs: build(...inputs) })
}

const on = (layer: tf.layers.Layer, ...x: tf.SymbolicTensor[]): tf.SymbolicTensor =>
  layer.apply(x.length === 1 ? x[0]! : x) as tf.SymbolicTensor

const models: Readonly<Record<string, () => tf.LayersModel>> = {
  'a convolutional trunk with a Bayesian head': () =>
    tf.sequential({
      layers: [
        tf.layers.conv2d({ filters: 2, kernelSize: 3, activation: 'relu', inputShape: [6, 6, 1] }),
        tf.layers.batchNormalization(),
        tf.layers.maxPooling2d({ poolSize: 2 }),
        tf.layers.dropout({ rate: 0.5 }),
        tf.layers.flatten(),
        bayesian(),
        bayesian(),
      ],
    }),
  'a Bayesian trunk with an ordinary head': () =>
    tf.sequential({
      layers: [variationalConv2d({ filters: 2, kernelSize: 3, inputShape: [6, 6, 1] }), tf.layers.flatten(), dense()],
    }),
  'a nested trunk and a nested head': () =>
    tf.sequential({
      layers: [
        tf.sequential({ layers: [tf.layers.dense({ units: WIDE, inputShape: [WIDE] }), dense()] }),
        tf.sequential({ layers: [tf.layers.dense({ units: WIDE, inputShape: [WIDE] }), bayesian('weightSampling')] }),
      ],
    }),
  'a recurrent trunk': () =>
    tf.sequential({
      layers: [
        tf.layers.embedding({ inputDim: 5, outputDim: 3, inputShape: [4] }),
        tf.layers.bidirectional({ layer: tf.layers.lstm({ units: 2, returnSequences: true }) as never, mergeMode: 'concat' }),
        tf.layers.timeDistributed({ layer: tf.layers.dense({ units: 2 }) }),
        tf.layers.gru({ units: 3 }),
        bayesian('flipout'),
      ],
    }),
  'several inputs and outputs, one of them fixed': () =>
    twoInputs((a, b) => {
      const trunk = on(dense(), a)
      return [on(bayesian(), on(tf.layers.add(), trunk, b)), trunk, on(bayesian(), trunk)]
    }),
  'layers that are shared': () => {
    const [plain, drawn] = [dense(), bayesian()]
    return twoInputs((a, b) => {
      const [fixed, random] = [on(plain, a), on(drawn, on(plain, b))]
      return [on(tf.layers.concatenate(), on(plain, random), on(drawn, fixed), fixed)]
    })
  },
  'a nested model that is shared, with two outputs': () => {
    const x = input()
    const trunk = on(dense(), x)
    const nested = tf.model({ inputs: x, outputs: [on(bayesian(), trunk), on(dense(), trunk)] })
    return twoInputs((a, b) => {
      const [first, second] = [nested.apply(a), nested.apply(on(dense(), b))] as [tf.SymbolicTensor[], tf.SymbolicTensor[]]
      return [on(tf.layers.add(), first[0]!, second[1]!), first[1]!, second[0]!, on(bayesian(), first[1]!)]
    })
  },
  'an input that is an output': () => twoInputs((a, b) => [a, on(bayesian(), b)]),
  'integers that a nested model takes for numbers': () => {
    const x = tf.input({ shape: [WIDE], dtype: 'int32' })
    const nested = tf.sequential({ layers: [tf.layers.dense({ units: WIDE, inputShape: [WIDE] }), bayesian()] })
    return tf.model({ inputs: x, outputs: on(nested, x) })
  },
  'masks of what is 0': () =>
    tf.sequential({
      layers: [
        variationalEmbedding({ inputDim: 5, outputDim: 3, maskZero: true, inputShape: [4] }),
        tf.layers.lstm({ units: 2 }),
        bayesian(),
      ],
    }),
  'someone’s own layer': () =>
    tf.sequential({
      layers: [tf.layers.dense({ units: WIDE, inputShape: [WIDE] }), new OwnLayer({}), dense(), bayesian()],
    }),
}

test.each(Object.keys(models))('the draws are those of the model, to the bit: %s', async (name) => {
  await expectSameDraws(models[name]!())
})

test('the draws are those of the model, to the bit, whatever its graph', async () => {
  const step = fc.record({ kind: fc.nat(8), from: fc.nat(), with: fc.nat() })
  const graph = fc.record({
    steps: fc.array(step, { minLength: 1, maxLength: 9 }),
    outputs: fc.array(fc.nat(), { maxLength: 2 }),
  })
  await fc.assert(
    fc.asyncProperty(graph, async ({ steps, outputs }) => {
      const used: tf.layers.Layer[] = []
      const model = twoInputs((a, b) => {
        const tensors = [a, b]
        for (const { kind, from, with: other } of steps) {
          const [x, y] = [tensors[from % tensors.length]!, tensors[other % tensors.length]!]
          const inner = input()
          const layers: readonly (() => tf.layers.Layer)[] = [
            dense,
            bayesian,
            () => bayesian('weightSampling'),
            () => tf.layers.dropout({ rate: 0.5 }),
            () => used[other % used.length] ?? dense(),
            () => tf.sequential({ layers: [tf.layers.dense({ units: WIDE, inputShape: [WIDE] }), bayesian('flipout')] }),
            () => tf.model({ inputs: inner, outputs: [on(bayesian(), on(dense(), inner)), on(dense(), inner)] }),
          ]
          if (kind > 6) {
            tensors.push(on(kind === 7 ? tf.layers.add() : tf.layers.multiply(), x, y))
            continue
          }
          const layer = layers[kind]!()
          used.push(layer)
          tensors.push(...listed(layer.apply(x) as never).map((each) => each as unknown as tf.SymbolicTensor))
        }
        const chosen = new Set([tensors.at(-1)!, ...outputs.map((i) => tensors[i % tensors.length]!)])
        return [on(tf.layers.concatenate(), a, b), ...chosen]
      })
      await expectSameDraws(model)
      model.dispose()
    }),
    { numRuns: Number(process.env['TFJS_BAYES_PROPERTY_RUNS'] ?? 25) },
  )
})

describe('what a draw calls', () => {
  const plain = (name: string): tf.layers.Layer => tf.layers.dense({ name, units: WIDE, inputShape: [WIDE] })

  test('nothing that lies in front of the first Bayesian layers', () => {
    const model = models['a convolutional trunk with a Bayesian head']!()
    expect(calledByDraw(model)).toEqual(variationalLayers(model).map(({ name }) => name))
  })

  test('within nested models too, and on both sides of a shared layer', () => {
    const nested = tf.sequential({ name: 'nested', layers: [plain('inner'), bayesian(), plain('behind')] })
    const model = tf.sequential({ layers: [plain('outer'), nested] })
    expect(calledByDraw(model)).toEqual([variationalLayers(model)[0]!.name, 'behind'])
    const shared = plain('shared')
    const twice = twoInputs((a, b) => [on(tf.layers.add(), on(shared, a), on(shared, on(bayesian(), b)))])
    expect(calledByDraw(twice)).toEqual([variationalLayers(twice)[0]!.name, 'shared'])
  })

  test('someone’s own layer, and everything behind it', () => {
    const model = tf.sequential({ layers: [plain('first'), new OwnLayer({ name: 'own' }), plain('second'), bayesian()] })
    expect(calledByDraw(model)).toEqual(['own', 'second', variationalLayers(model)[0]!.name])
  })

  const Dense = tf.layers.dense({ units: 1 }).constructor as unknown as new (args: object) => tf.layers.Layer
  class Dropout extends (tf.layers.dropout({ rate: 0 }).constructor as unknown as new (args: object) => tf.layers.Layer) {
    static className = 'Dropout'
  }
  /** An activation of one's own. */
  class Jitter extends tf.serialization.Serializable {
    static className = 'jitter'
    getConfig(): tf.serialization.ConfigDict {
      return {}
    }
    apply(x: tf.Tensor): tf.Tensor {
      return x.add(tf.randomNormal(x.shape))
    }
  }
  tf.serialization.registerClass(Jitter)
  const suspects: Readonly<Record<string, () => tf.layers.Layer>> = {
    'a class derived from one of tfjs': () => new Dropout({ name: 'suspect', rate: 0.5 }),
    'a layer whose call was replaced': () => {
      const layer = new Dense({ name: 'suspect', units: WIDE })
      const call = layer.call.bind(layer)
      vi.spyOn(layer, 'call').mockImplementation((x, kwargs) => tf.mul(call(x, kwargs) as tf.Tensor, tf.randomNormal([WIDE])))
      return layer
    },
    'an activation of one’s own': () => {
      const activation = 'jitter' as 'relu'
      return tf.layers.dense({ name: 'suspect', units: WIDE, activation })
    },
    'states that are kept between calls': () => tf.layers.lstm({ name: 'suspect', units: WIDE, stateful: true }),
    'such a layer in a wrapper': () => tf.layers.timeDistributed({ name: 'suspect', layer: new OwnLayer({}) }),
    'a Bayesian layer in a wrapper': () => tf.layers.timeDistributed({ name: 'suspect', layer: bayesian() }),
    'a model with a call of its own': () => {
      const model = tf.sequential({ name: 'suspect', layers: [tf.layers.dense({ units: WIDE, inputShape: [2, WIDE] })] })
      const call = model.call.bind(model)
      vi.spyOn(model, 'call').mockImplementation((x, kwargs) => call(x, kwargs))
      return model
    },
  }
  test.each(Object.keys(suspects))('%s', (name) => {
    const model = tf.sequential({
      layers: [tf.layers.inputLayer({ batchInputShape: [3, 2, WIDE] }), suspects[name]!(), dense(), bayesian()],
    })
    const suspect = model.layers.find((layer) => layer.name === 'suspect')!
    const split = splitModel(model)
    const called = vi.spyOn(suspect.constructor.prototype as tf.layers.Layer, 'apply')
    tf.tidy(() => {
      const fixed = split.fixed(rows(model))
      expect(called.mock.contexts.filter((context) => context === suspect)).toHaveLength(0)
      split.drawn(fixed, { training: false, pass: passOf(0) })
      expect(called.mock.contexts.filter((context) => context === suspect)).toHaveLength(1)
    })
    called.mockRestore()
  })
})
