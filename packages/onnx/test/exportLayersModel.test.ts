import * as tf from '@tensorflow/tfjs'
import { variationalDense } from '@tfjs-bayes/layers'
import { expectNoLeak } from '@tfjs-bayes/testing'
import { afterEach, describe, expect, test } from 'vitest'
import {
  buildLayersModel,
  buildModel,
  checkCudaKernels,
  exportLayersModel,
  ForeignModelError,
  type GraphOptions,
  InvalidModelError,
  InvalidOptionError,
  InvalidWeightError,
  type OnnxModel,
  registerLowering,
  UnsupportedLayerError,
} from '../src/index.ts'
import { exportLayersModelToFile, loadPredictor } from '../src/node.ts'
import { differenceOf } from './support/compare.ts'
import { normals } from './support/random.ts'
import { randomizeWeights } from './support/randomModel.ts'

class Forgetful extends tf.layers.Layer {
  static className = 'Forgetful'
  override call(inputs: tf.Tensor | tf.Tensor[]): tf.Tensor {
    return tf.tidy(() => {
      const [x] = [inputs].flat()
      return tf.where(x!.greater(0.5), tf.abs(x!).pow(2), tf.floor(x!).add(tf.cos(x!)))
    })
  }
}

const made: tf.LayersModel[] = []

afterEach(() => {
  for (const model of made.splice(0)) for (const weight of model.weights) weight.dispose()
})

test('several inputs and outputs have the names of their layers, or numbers', () => {
  const a = tf.input({ shape: [3], name: 'a' })
  const b = tf.input({ shape: [null, 2] as unknown as number[], dtype: 'int32' })
  const sum = tf.layers.dense({ units: 2, name: 'sum' }).apply(a) as tf.SymbolicTensor
  const pooled = tf.layers.globalMaxPooling1d({}).apply(b) as tf.SymbolicTensor
  const model = own(tf.model({ inputs: [a, b], outputs: [sum, pooled] }))
  const { graph, metadata } = buildLayersModel(model)
  expect(graph.inputs.map(({ name, value }) => [name, value.type.elementType, value.shape])).toEqual([
    ['a', 'float', ['batch', 3]],
    ['x_1', 'int32', ['batch', 'x_1_axis_1', 2]],
  ])
  expect(graph.outputs.map(({ name, value }) => [name, value.shape])).toEqual([
    ['sum', ['batch', 2]],
    ['y_1', ['batch', 2]],
  ])
  expect(metadata).toEqual({})
})

test('axes that two inputs leave open meet as in tfjs', async () => {
  const open = (name: string, last: number): tf.SymbolicTensor => tf.input({ shape: [null, last] as unknown as number[], name })
  const [a, b, c] = [open('a', 2), open('b', 2), open('c', 3)]
  const sum = tf.layers.add({ name: 'sum' }).apply([a, b]) as tf.SymbolicTensor
  const joined = tf.layers.concatenate({ axis: -1, name: 'joined' }).apply([sum, c]) as tf.SymbolicTensor
  const scores = tf.layers.dot({ axes: 2, name: 'scores' }).apply([a, b]) as tf.SymbolicTensor
  const mixed = tf.layers.dot({ axes: [2, 1], name: 'mixed' }).apply([scores, c]) as tf.SymbolicTensor
  const pooled = tf.layers.maxPooling1d({ poolSize: 3, strides: 2, padding: 'same' }).apply(a)
  const residual = tf.layers.multiply({ name: 'residual' }).apply([pooled as tf.SymbolicTensor, a]) as tf.SymbolicTensor
  const model = own(tf.model({ inputs: [a, b, c], outputs: [joined, mixed, residual] }))
  const { graph } = buildLayersModel(model)
  expect(graph.outputs.map(({ name, value }) => [name, value.shape])).toEqual([
    ['joined', ['batch', 'c_axis_1', 5]],
    ['mixed', ['batch', 'a_axis_1', 3]],
    ['residual', ['batch', 'broadcast(a_axis_1,windows(a_axis_1,3,2,same))', 2]],
  ])
  const bytes = exportLayersModel(model)
  // At length 2 the pooled branch has one element, which tfjs repeats.
  const x = [2, 2, 3].map((last, index) => tf.tensor(normals(3 * 2 * last, index), [3, 2, last]))
  expect(await differenceOf(model, bytes, x, ['node', 'web'])).toBeLessThan(1e-6)
  tf.dispose(x)
})

test('integers are computed with as tfjs does', async () => {
  const ids = tf.input({ shape: [4], dtype: 'int32', name: 'ids' })
  const words = tf.layers.embedding({ inputDim: 6, outputDim: 3 }).apply(tf.layers.reshape({ targetShape: [2, 2] }).apply(ids))
  const flat = tf.layers.flatten().apply(words) as tf.SymbolicTensor
  const scaled = tf.layers.rescaling({ scale: 0.5 }).apply(ids) as tf.SymbolicTensor
  const same = tf.layers.permute({ dims: [1] }).apply(ids) as tf.SymbolicTensor
  const model = own(tf.model({ inputs: ids, outputs: [flat, scaled, same] }))
  const { graph } = buildLayersModel(model)
  expect(graph.outputs.map(({ value }) => value.type.elementType)).toEqual(['float', 'float', 'int32'])
  const x = tf.tensor2d([0, 5, 3, 1, 2, 2, 4, 0], [2, 4], 'int32')
  expect(await differenceOf(model, exportLayersModel(model), [x], ['node', 'web'])).toBeLessThan(1e-6)
  x.dispose()
})

test('transposes of a channels-last network are cancelled, not piled up', () => {
  const conv = (): tf.layers.Layer => tf.layers.conv2d({ filters: 4, kernelSize: 3, padding: 'same', activation: 'relu' })
  const model = own(
    tf.sequential({
      layers: [
        tf.layers.zeroPadding2d({ padding: 1, inputShape: [8, 8, 3] }),
        conv(),
        tf.layers.batchNormalization(),
        tf.layers.upSampling2d({ size: [2, 2] }),
        conv(),
        tf.layers.maxPooling2d({ poolSize: 2 }),
        conv(),
        tf.layers.globalAveragePooling2d({}),
      ],
    }),
  )
  expect(operatorsOf(buildLayersModel(model)).filter((operator) => operator === 'Transpose')).toHaveLength(1)
})

test('a layer that is called twice stores its weights once', () => {
  const input = tf.input({ shape: [5, 4] })
  const shared = tf.layers.lstm({ units: 4, returnSequences: true })
  const model = own(tf.model({ inputs: input, outputs: shared.apply(shared.apply(input)) as tf.SymbolicTensor }))
  const kernels = (options: GraphOptions): number => new Set(initializerNames(buildLayersModel(model, options))).size
  for (const cuda of ['optional', 'required'] as const)
    expect(initializerNames(buildLayersModel(model, { cuda })).filter((name) => /kernel$/.test(name))).toHaveLength(2)
  expect(kernels({})).toBeGreaterThan(2)
})

test('a lowering for a layer of one’s own compares and chooses', async () => {
  registerLowering('Forgetful', {
    leadingAxes: 'broadcast',
    lower: ({ inputs: [x], tape }) =>
      tape.op('Where', [
        tape.op('Greater', [x, tape.scalar(0.5)]),
        tape.op('Pow', [tape.op('Abs', [x]), tape.scalar(2)]),
        tape.op('Add', [tape.op('Floor', [x]), tape.op('Cos', [x])]),
      ]),
  })
  const model = own(tf.sequential({ layers: [new Forgetful({ inputShape: [6] } as never)] }))
  const x = tf.tensor(normals(24, 8), [4, 6])
  expect(await differenceOf(model, exportLayersModel(model), [x], ['node', 'web'])).toBeLessThan(1e-6)
  x.dispose()
})

test('export leaves no tensor behind', async () => {
  const model = own(tf.sequential({ layers: [tf.layers.gru({ units: 2, inputShape: [3, 2] }), tf.layers.dense({ units: 2 })] }))
  await expectNoLeak(() => void exportLayersModel(model))
})

describe('folding', () => {
  const network = (): tf.LayersModel => {
    const model = own(
      tf.sequential({
        layers: [
          tf.layers.conv2d({ filters: 3, kernelSize: 3, inputShape: [6, 6, 2], useBias: false }),
          tf.layers.batchNormalization(),
          tf.layers.reLU(),
          tf.layers.conv2dTranspose({ filters: 2, kernelSize: 2, strides: 2 }),
          tf.layers.batchNormalization({ scale: false }),
          tf.layers.dense({ units: 3 }),
          tf.layers.batchNormalization(),
          tf.layers.flatten(),
          tf.layers.dense({ units: 4 }),
          tf.layers.batchNormalization({ center: false }),
        ],
      }),
    )
    randomizeWeights(model, 4)
    positiveVariances(model)
    return model
  }

  test.each(['float32', 'float16'] as const)(
    'batch normalizations become part of the layers in front, in %s',
    async (precision) => {
      const model = network()
      const plain = buildLayersModel(model, { precision })
      const folded = buildLayersModel(model, { precision, foldBatchNormalization: true })
      expect(operatorsOf(plain).filter((operator) => operator === 'Mul')).toHaveLength(4)
      expect(operatorsOf(folded)).not.toContain('Mul')
      expect(operatorsOf(folded).filter((operator) => operator === 'Add')).toHaveLength(1)
      const x = tf.tensor(normals(2 * 72, 3), [2, 6, 6, 2])
      const bytes = exportLayersModel(model, { precision, foldBatchNormalization: true })
      expect(await differenceOf(model, bytes, [x], ['node'])).toBeLessThan(precision === 'float32' ? 1e-5 : 5e-3)
      x.dispose()
    },
  )

  test('a sum or product that something else uses stays', () => {
    const input = tf.input({ shape: [4] })
    const dense = tf.layers.dense({ units: 3 }).apply(input) as tf.SymbolicTensor
    const normalized = tf.layers.batchNormalization().apply(dense) as tf.SymbolicTensor
    const model = own(tf.model({ inputs: input, outputs: [dense, normalized] }))
    const { graph } = buildLayersModel(model, { foldBatchNormalization: true })
    expect(graph.nodes.map(({ opType }) => opType)).toEqual(['Gemm', 'Mul', 'Add'])
  })

  test('what depends on stored numbers only is computed now', async () => {
    class Shifted extends tf.layers.Layer {
      static readonly className: string = 'Shifted'
      override call(x: tf.Tensor | tf.Tensor[]): tf.Tensor {
        return tf.tidy(() => tf.add([x].flat()[0]!, tf.tensor([Math.exp(1) - 4, Math.exp(2) - 5, Math.exp(3) - 6])))
      }
    }
    registerLowering('Shifted', {
      leadingAxes: 'broadcast',
      lower: ({ inputs, tape }) => {
        const column = tape.initializer(Float32Array.of(1, 2, 3), [3, 1], 'column')
        const row = tape.op('Squeeze', [tape.op('Transpose', [column], { perm: [1n, 0n] }), tape.ints([0])])
        const shift = tape.op('Sub', [tape.op('Exp', [row]), tape.op('Add', [row, tape.scalar(3)])])
        return tape.op('Add', [inputs[0], shift])
      },
    })
    const model = own(tf.sequential({ layers: [new Shifted({ inputShape: [3] })] }))
    expect(operatorsOf(buildLayersModel(model))).toHaveLength(6)
    expect(operatorsOf(buildLayersModel(model, { foldConstants: true }))).toEqual(['Add'])
    const x = tf.tensor2d([1, 2, 3], [1, 3])
    const bytes = exportLayersModel(model, { foldConstants: true })
    expect(await differenceOf(model, bytes, [x], ['node'])).toBeLessThan(1e-6)
    x.dispose()
  })
})

describe('recurrent layers', () => {
  const recurrent = (layer: tf.layers.Layer): tf.LayersModel => own(tf.sequential({ layers: [layer] }))
  const shape = { inputShape: [4, 3], units: 2 }

  test.each<[string, () => tf.layers.Layer, string, string]>([
    ['an LSTM of sigmoid and tanh', () => tf.layers.lstm({ ...shape, recurrentActivation: 'sigmoid' }), 'LSTM', 'LSTM'],
    ['an LSTM as tfjs makes it', () => tf.layers.lstm(shape), 'Scan', 'LSTM'],
    ['a GRU', () => tf.layers.gru({ ...shape, recurrentActivation: 'sigmoid' }), 'Scan', 'GRU'],
    ['a simple one', () => tf.layers.simpleRNN(shape), 'RNN', 'RNN'],
    ['a simple one with another activation', () => tf.layers.simpleRNN({ ...shape, activation: 'relu' }), 'Scan', 'RNN'],
    ['one of an activation that ONNX lacks', () => tf.layers.simpleRNN({ ...shape, activation: 'selu' }), 'Scan', 'Scan'],
  ])('%s: the operator that runs on CUDA, and without it', (_, layer, onCuda, elsewhere) => {
    const model = recurrent(layer())
    const required = buildLayersModel(model)
    const optional = buildLayersModel(model, { cuda: 'optional' })
    expect(operatorsOf(required)).toContain(onCuda)
    expect(operatorsOf(optional)).toContain(elsewhere)
    expect(checkCudaKernels(required)).toEqual([])
    expect(checkCudaKernels(optional)).toHaveLength(onCuda === elsewhere ? 0 : 1)
  })

  test('a cell of the user’s own', async () => {
    class DecayCell extends tf.layers.RNNCell {
      static readonly className: string = 'DecayCell'
      readonly stateSize: number = 3
      override build(): void {
        this.built = true
      }
      override call(inputs: tf.Tensor | tf.Tensor[]): tf.Tensor[] {
        const [x, state] = inputs as [tf.Tensor, tf.Tensor]
        const kept = tf.tidy(() => state.mul(0.5).add(x))
        // The output is no state.
        return [tf.neg(kept), kept]
      }
    }
    registerLowering('DecayCell', {
      leadingAxes: 'batch',
      lower: ({ inputs: [x, state], tape }) => {
        const kept = tape.op('Add', [tape.op('Mul', [state, tape.scalar(0.5)]), x])
        return [tape.op('Neg', [kept]), kept]
      },
    })
    const x = tf.tensor(normals(2 * 4 * 3, 8), [2, 4, 3])
    for (const options of [{}, { goBackwards: true }, { returnSequences: true, goBackwards: true }]) {
      const model = recurrent(tf.layers.rnn({ cell: new DecayCell({}), ...options, inputShape: [4, 3] }))
      expect(await differenceOf(model, exportLayersModel(model), [x], ['node'])).toBeLessThan(1e-6)
    }
    x.dispose()
  })

  test('a bidirectional layer that gives both sequences and all states', async () => {
    const input = tf.input({ shape: [4, 3] })
    const layer = tf.layers.lstm({ units: 2, returnSequences: true, returnState: true }) as tf.RNN
    const outputs = tf.layers.bidirectional({ layer, mergeMode: 'sum' }).apply(input) as tf.SymbolicTensor[]
    const model = own(tf.model({ inputs: input, outputs }))
    randomizeWeights(model, 2)
    const x = tf.tensor(normals(2 * 4 * 3, 8), [2, 4, 3])
    for (const cuda of ['required', 'optional'] as const)
      expect(await differenceOf(model, exportLayersModel(model, { cuda }), [x], ['node'])).toBeLessThan(1e-6)
    x.dispose()
  })

  test('behind a Bayesian layer the draws are folded into the batch', () => {
    const model = own(
      tf.sequential({
        layers: [
          variationalDense({ units: 3, inputShape: [4, 2] }),
          tf.layers.lstm({ units: 2, recurrentActivation: 'sigmoid' }),
          variationalDense({ units: 2 }),
        ],
      }),
    )
    const { graph } = buildModel(model, { mode: 'localReparameterization', noise: 'baked', samples: 5 })
    const lstm = graph.nodes.find(({ opType }) => opType === 'LSTM')!
    expect(lstm.inputs[0]!.shape).toEqual([4, '5*batch', 3])
    expect(() => buildModel(model, { mode: 'moments' })).toThrow(
      /lstm_LSTM\d+ \(LSTM\): behind a Bayesian layer it has no moments/,
    )
  })
})

describe('masks', () => {
  const words = (): tf.SymbolicTensor => tf.input({ shape: [5] })
  const embed = (x: tf.SymbolicTensor): tf.SymbolicTensor =>
    tf.layers.embedding({ inputDim: 4, outputDim: 3, maskZero: true }).apply(x) as tf.SymbolicTensor
  const lstm = (args: object = {}): tf.layers.Layer => tf.layers.lstm({ units: 2, name: 'memory', ...args })

  test('go through layers that support them', async () => {
    const input = words()
    const dropped = tf.layers.dropout({ rate: 0.5 }).apply(embed(input))
    const first = tf.layers.bidirectional({ layer: tf.layers.gru({ units: 2, returnSequences: true }) as tf.RNN }).apply(dropped)
    const model = own(tf.model({ inputs: input, outputs: lstm().apply(first) as tf.SymbolicTensor }))
    randomizeWeights(model, 3)
    const x = tf.tensor2d([1, 2, 0, 3, 0, 0, 0, 1, 0, 0], [2, 5])
    expect(await differenceOf(model, exportLayersModel(model), [x], ['node', 'web'])).toBeLessThan(1e-6)
    x.dispose()
  })

  test('of several tensors have no counterpart', () => {
    const [a, b] = [words(), words()]
    const sum = tf.layers.add().apply([embed(a), embed(b)])
    const model = own(tf.model({ inputs: [a, b], outputs: lstm().apply(sum) as tf.SymbolicTensor }))
    expect(() => exportLayersModel(model)).toThrow(/memory \(LSTM\): its input is masked by what a merging layer made/)
  })

  test('that tfjs hands to the wrong layer are refused', () => {
    const [a, b] = [words(), tf.input({ shape: [5, 3] })]
    const first = tf.layers.gru({ units: 3 }).apply(embed(a))
    const other = tf.layers
      .add()
      .apply([lstm().apply(b) as tf.SymbolicTensor, tf.layers.dense({ units: 2 }).apply(first) as tf.SymbolicTensor])
    const model = own(tf.model({ inputs: [a, b], outputs: other as tf.SymbolicTensor }))
    expect(() => exportLayersModel(model)).toThrow(/memory \(LSTM\): tfjs hands it the mask of another layer/)
  })
})

describe('what cannot be exported is refused before any work, with the name of the layer', () => {
  test('layers that no graph can stand for', () => {
    const input = tf.input({ shape: [6, 6, 1] })
    const cropped = tf.layers.centerCrop({ height: 4, width: 4, name: 'crop' }).apply(input) as tf.SymbolicTensor
    const model = own(tf.model({ inputs: input, outputs: cropped }))
    expect(() => exportLayersModel(model)).toThrow(/crop \(CenterCrop\): tfjs overwrites the shape of its input/)
    // As it does.
    expect(input.shape).toEqual([null, 4, 4, 1])
  })

  test('layers inside others', () => {
    class Unheard extends tf.layers.Layer {
      static readonly className: string = 'Unheard'
    }
    const inner = tf.sequential({ layers: [new Unheard({ name: 'inside', inputShape: [3] })] })
    const model = own(tf.sequential({ layers: [tf.layers.timeDistributed({ layer: inner, name: 'steps', inputShape: [4, 3] })] }))
    expect(() => exportLayersModel(model)).toThrow(UnsupportedLayerError)
    expect(() => exportLayersModel(model)).toThrow(/steps \(TimeDistributed\): its layer "inside" \(Unheard\)/)
  })

  test.each<[string, () => tf.layers.Layer, RegExp]>([
    [
      'a stateful layer',
      () => tf.layers.lstm({ units: 2, stateful: true, batchInputShape: [2, 3, 4], name: 'memory' }),
      /memory \(LSTM\): stateful/,
    ],
    [
      'images of unknown size',
      () =>
        tf.layers.convLstm2d({
          filters: 2,
          kernelSize: 3,
          inputShape: [3, null, null, 1] as unknown as number[],
          name: 'film',
        }) as tf.layers.Layer,
      /film \(ConvLSTM2D\): its layer .* images of unknown size/,
    ],
    [
      'an axis of unknown size',
      () =>
        tf.layers.layerNormalization({
          axis: 1,
          center: false,
          scale: false,
          inputShape: [null, 2] as unknown as number[],
          name: 'norm',
        }),
      /norm \(LayerNormalization\): it normalizes along an axis of unknown size/,
    ],
    [
      'an axis that is the batch',
      () => tf.layers.softmax({ axis: 0, inputShape: [3], name: 'odd' }),
      /odd \(Softmax\): a softmax along the batch/,
    ],
  ])('%s', (_, layer, message) => {
    const model = own(tf.sequential({ layers: [layer()] }))
    expect(() => exportLayersModel(model)).toThrow(UnsupportedLayerError)
    expect(() => exportLayersModel(model)).toThrow(message)
  })

  test('a window that needs to know the size of its input', () => {
    const pool = tf.layers.maxPooling1d({
      poolSize: 3,
      strides: 4,
      padding: 'same',
      inputShape: [null, 2] as unknown as number[],
      name: 'pool',
    })
    const model = own(tf.sequential({ layers: [pool] }))
    expect(() => exportLayersModel(model)).toThrow(InvalidModelError)
    expect(() => exportLayersModel(model)).toThrow(/Layer "pool" \(MaxPooling1D\): A window of \[3\]/)
  })

  test.each([Number.NaN, Number.NEGATIVE_INFINITY])('a weight that is %d', (value) => {
    const model = own(tf.sequential({ layers: [tf.layers.lstm({ units: 1, inputShape: [2, 1], name: 'broken' })] }))
    const kernel = model.weights[0]!
    const values = tf.tensor([1, value, 2, 3], kernel.shape as number[])
    kernel.write(values)
    values.dispose()
    expect(() => exportLayersModel(model)).toThrow(InvalidWeightError)
    expect(() => exportLayersModel(model)).toThrow(/Layer ".*": element 1 of kernel \(shape \[1, 4\]\) is (NaN|-Infinity)/)
  })

  test('a moving variance below zero', () => {
    const model = own(tf.sequential({ layers: [tf.layers.batchNormalization({ inputShape: [2], name: 'broken' })] }))
    const variance = model.weights.find(({ name }) => name.includes('variance'))!
    const values = tf.tensor1d([1, -2])
    variance.write(values)
    values.dispose()
    for (const foldBatchNormalization of [false, true]) {
      const exported = (): Uint8Array => exportLayersModel(model, { foldBatchNormalization })
      expect(exported).toThrow(InvalidWeightError)
      expect(exported).toThrow(/Layer "broken": element 1 of moving_variance is -2; expected a number above -epsilon/)
    }
  })

  test('a model that is not built, and one that is cyclic', () => {
    expect(() => exportLayersModel(tf.sequential())).toThrow(/is not built.*inputShape/)
    const input = tf.input({ shape: [2] })
    const a = tf.layers.dense({ units: 2 }).apply(input) as tf.SymbolicTensor
    const b = tf.layers.dense({ units: 2, name: 'round' }).apply(a) as tf.SymbolicTensor
    const model = own(tf.model({ inputs: input, outputs: b }))
    a.inputs[0] = b
    expect(() => exportLayersModel(model)).toThrow(InvalidModelError)
    expect(() => exportLayersModel(model)).toThrow(/is cyclic: the output of the layer "round" \(Dense\) depends on itself/)
  })

  test('a weight inside another layer, by the name of that layer', () => {
    const around = tf.layers.bidirectional({ layer: tf.layers.gru({ units: 1 }) as tf.RNN, mergeMode: 'concat', name: 'around' })
    const model = own(tf.sequential({ layers: [tf.layers.reshape({ targetShape: [2, 1], inputShape: [2] }), around] }))
    for (const weight of model.weights) weight.write(tf.tidy(() => weight.read().mul(Number.NaN)))
    expect(() => exportLayersModel(model)).toThrow(InvalidWeightError)
    expect(() => exportLayersModel(model)).toThrow(/^Layer "around" \(Bidirectional\): in it, Layer ".*": element 0 of .* is NaN/)
  })

  test('a model that is none, or was disposed', () => {
    const layer = tf.layers.dense({ units: 1, inputShape: [1], name: 'gone' })
    const graphModel = new tf.GraphModel('https://example.com/model.json')
    for (const [given, what] of [
      [null, 'value null'],
      [{}, 'value of the class Object'],
      [layer, 'value of the class Dense'],
      [graphModel, 'value of the class GraphModel'],
    ] as const) {
      expect(() => exportLayersModel(given as never)).toThrow(InvalidModelError)
      expect(() => exportLayersModel(given as never)).toThrow(new RegExp(`A ${what} was given, and expected is a tf.LayersModel`))
    }
    const model = tf.sequential({ layers: [layer] })
    model.dispose()
    expect(() => exportLayersModel(model)).toThrow(InvalidModelError)
    expect(() => exportLayersModel(model)).toThrow(
      /Layer "gone" \(Dense\): its weight kernel cannot be read.*before it is disposed/,
    )
  })

  test('options of something else, and a lowering that is none', async () => {
    const model = own(tf.sequential({ layers: [tf.layers.dense({ units: 1, inputShape: [1] })] }))
    expect(() => exportLayersModel(model, { mode: 'mean' } as GraphOptions)).toThrow(
      /no option mode; it has precision.*exportModel/,
    )
    expect(() => exportLayersModel(model, { externalData: true } as GraphOptions)).toThrow(/exportLayersModelToFile/)
    await expect(exportLayersModelToFile(model, 'none.onnx', { externalData: 'yes' as never })).rejects.toThrow(
      InvalidOptionError,
    )
    expect(() => registerLowering('Own', {} as never)).toThrow(/lower is undefined; expected a function/)
    expect(() => registerLowering('Own', { lower: () => [], leadingAxes: 'all' as never })).toThrow(/leadingAxes is "all"/)
    const plain = own(tf.sequential({ layers: [new Forgetful({ name: 'lost', inputShape: [1] } as never)] }))
    for (const lower of [() => undefined as never, () => []]) {
      registerLowering('Forgetful', { leadingAxes: 'any', lower })
      expect(() => exportLayersModel(plain)).toThrow(
        /Layer "lost" \(Forgetful\): the lowering gives 0 values, and the layer has 1 outputs/,
      )
    }
  })

  test('shapes that do not fit, which tfjs would find when it runs the model', () => {
    const x = tf.input({ shape: [4] })
    // tfjs leaves the last size open, though it is 2.
    const pairs = tf.layers.reshape({ targetShape: [2, -1] }).apply(x) as tf.SymbolicTensor
    const sum = own(tf.model({ inputs: x, outputs: tf.layers.add({ name: 'sum' }).apply([pairs, x]) as tf.SymbolicTensor }))
    expect(() => exportLayersModel(sum)).toThrow(InvalidModelError)
    expect(() => exportLayersModel(sum)).toThrow(
      /"sum" \(Add\): shapes that do not fit, of \[batch, 2, 2\] and \[batch, 4\]; tfjs would/,
    )
    // Nor does it mind that a window is longer than its axis, where that is merged with another tensor.
    const y = tf.input({ shape: [2, 1] })
    const long = tf.layers.conv1d({ filters: 1, kernelSize: 5, name: 'long' }).apply(y) as tf.SymbolicTensor
    const merged = own(tf.model({ inputs: y, outputs: tf.layers.add().apply([long, y]) as tf.SymbolicTensor }))
    expect(() => exportLayersModel(merged)).toThrow(
      /"long" \(Conv1D\): shapes that do not fit, of \[batch, 2, 1\]; .*a window of 5/,
    )
    const threes = own(
      tf.model({
        inputs: x,
        outputs: tf.layers.reshape({ targetShape: [3, -1], name: 'threes' }).apply(pairs) as tf.SymbolicTensor,
      }),
    )
    expect(() => exportLayersModel(threes)).toThrow(/"threes" \(Reshape\): shapes that do not fit, of \[batch, 2, 2\]/)
  })

  test.each([
    { opset: 16 },
    { opset: 21 },
    { cuda: 'no' },
    { precision: 'int8' },
    { foldConstants: 1 },
    { foldBatchNormalization: 'yes' },
  ])('the options %j', (options) => {
    const model = own(tf.sequential({ layers: [tf.layers.dense({ units: 1, inputShape: [1] })] }))
    expect(() => exportLayersModel(model, options as GraphOptions)).toThrow(InvalidOptionError)
  })
})

test('a predictor does not take a model without a predictive distribution for one', async () => {
  const model = own(tf.sequential({ layers: [tf.layers.dense({ units: 2, inputShape: [2] })] }))
  await expect(loadPredictor(exportLayersModel(model))).rejects.toThrow(ForeignModelError)
})

function own<Model extends tf.LayersModel>(model: Model): Model {
  made.push(model)
  return model
}

function operatorsOf({ graph }: OnnxModel): readonly string[] {
  return graph.nodes.map(({ opType }) => opType)
}

function initializerNames({ graph }: OnnxModel): readonly string[] {
  const found = new Set<object>()
  const names: string[] = []
  const visit = (part: OnnxModel['graph']): void => {
    for (const node of part.nodes) {
      for (const input of node.inputs) {
        if (input?.data == null || found.has(input)) continue
        found.add(input)
        names.push(input.hint)
      }
      for (const attribute of Object.values(node.attributes))
        if (typeof attribute === 'object' && 'nodes' in attribute) visit(attribute)
    }
  }
  visit(graph)
  return names
}

function positiveVariances(model: tf.LayersModel): void {
  for (const weight of model.weights.filter(({ originalName }) => originalName.endsWith('moving_variance'))) {
    const positive = tf.tidy(() => weight.read().abs().add(0.5))
    weight.write(positive)
    positive.dispose()
  }
}
