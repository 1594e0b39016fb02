import * as tf from '@tensorflow/tfjs'
import { variationalConv1d, variationalDense } from '@tfjs-bayes/layers'
import { expectNoLeak } from '@tfjs-bayes/testing'
import { afterEach, describe, expect, test } from 'vitest'
import {
  buildModel,
  decodeModel,
  type ExportOptions,
  exportModel,
  InvalidModelError,
  InvalidOptionError,
  InvalidWeightError,
  MissingCudaKernelError,
  registerLowering,
  UnsupportedLayerError,
} from '../src/index.ts'
import { classifier, regression } from './support/models.ts'

const drawn = { mode: 'localReparameterization', noise: 'input' } as const
const modes: readonly ExportOptions[] = [
  { mode: 'mean' },
  drawn,
  { ...drawn, samples: 3 },
  { mode: 'localReparameterization', noise: 'graph' },
  { mode: 'localReparameterization', noise: 'graph', samples: 3 },
  { mode: 'localReparameterization', noise: 'baked', samples: 3 },
  { mode: 'weightSampling', samples: 3 },
  { mode: 'moments' },
]

const made: tf.LayersModel[] = []
afterEach(() => {
  for (const model of made.splice(0)) model.dispose()
})

test.each(modes)('the same model and options give the same bytes: %j', (options) => {
  // tfjs counts layers of the whole process: the second model's layers have other automatic names.
  const [first, second] = [own(classifier()), own(classifier())]
  expect(first.layers[0]!.name).not.toBe(second.layers[0]!.name)
  expect(exportModel(first, options)).toEqual(exportModel(first, options))
  expect(exportModel(second, options)).toEqual(exportModel(first, options))
})

test('names come from the user or from the structure', () => {
  const model = own(
    tf.sequential({
      layers: [
        tf.layers.dense({ units: 3, name: 'first', inputShape: [2] }),
        tf.layers.dense({ units: 3 }),
        tf.sequential({ layers: [variationalDense({ units: 3, inputShape: [3] }), tf.layers.reLU()], name: 'block' }),
      ],
    }),
  )
  const { graph } = buildModel(model, { mode: 'mean' })
  const names = graph.nodes.slice(0, 4).map((node) => node.hint)
  expect(names).toEqual(['first/Gemm', 'dense_1/Gemm', 'block/variational_dense_1/Gemm', 'block/re_lu_1/Relu'])
  expect(graph.name).toBe('model')
})

test('mu and sigma^2 are in the file; the first layer has its moments once, the draws are one batch', () => {
  const model = own(classifier())
  const { graph } = buildModel(model, drawn)
  const initializers = new Map(
    graph.nodes.flatMap((node) => node.inputs).flatMap((value) => (value?.data == null ? [] : [[value.hint, value]])),
  )
  const [layer] = model.layers as [ReturnType<typeof variationalDense>]
  const [mu, sigma] = tf.tidy(() => {
    const { kernel } = layer.posterior()
    return [(kernel.mu as tf.Tensor).dataSync(), (kernel.sigma as tf.Tensor).dataSync()]
  })
  expect(initializers.get('variational_dense_1/kernel_mean')!.data).toEqual(mu)
  // The file's are rounded once, from float64; tfjs rounds at each op.
  const variance = initializers.get('variational_dense_1/kernel_variance')!.data as Float32Array
  expect(variance).toHaveLength(sigma!.length)
  variance.forEach((value, i) => {
    expect(value / sigma![i]! ** 2).toBeCloseTo(1, 6)
  })
  const operators = graph.nodes.map((node) => node.opType)
  expect(operators).not.toContain('Softplus')
  const products = graph.nodes.filter((node) => node.opType === 'Gemm' || node.opType === 'MatMul')
  expect(products.map((node) => node.outputs[0]!.shape)).toEqual([
    ['batch', 5],
    ['batch', 5],
    ['samples', 'batch', 4],
    ['samples', 'batch', 4],
  ])
})

test('a layer that is called twice stores its weights once', () => {
  const shared = variationalDense({ units: 3, activation: 'tanh' })
  const input = tf.input({ shape: [3] })
  const once = shared.apply(input) as tf.SymbolicTensor
  const model = own(tf.model({ inputs: input, outputs: shared.apply(once) as tf.SymbolicTensor }))
  const { graph } = buildModel(model, drawn)
  const weights = new Set(graph.nodes.flatMap((node) => node.inputs).filter((value) => value?.data != null && value.rank === 2))
  expect(weights.size).toBe(2)
  expect(graph.inputs.map((port) => port.name)).toEqual(['x', 'noise_0', 'noise_1'])
})

test('the file says what it is', () => {
  const read = (options: ExportOptions): unknown => decodeModel(exportModel(own(classifier()), options)).metadata
  expect(read({ mode: 'localReparameterization', noise: 'graph' })).toEqual({
    'tfjs_bayes.format_version': '1',
    'tfjs_bayes.mode': 'localReparameterization',
    'tfjs_bayes.noise': 'graph',
    'tfjs_bayes.samples': 'input',
    'tfjs_bayes.likelihood': 'categorical',
    'tfjs_bayes.units': '4',
  })
  const gaussian = decodeModel(
    exportModel(own(regression()), { ...drawn, samples: 7, likelihood: { name: 'gaussian', sigma: 0.5 } }),
  )
  expect(gaussian.metadata).toMatchObject({
    'tfjs_bayes.samples': '7',
    'tfjs_bayes.likelihood': 'gaussian',
    'tfjs_bayes.sigma': '0.5',
  })
  expect(gaussian.graph.outputs.map((port) => port.name)).toEqual(['mean', 'aleatoric_variance', 'epistemic_variance'])
})

test.each(modes)('export leaves no tensor behind: %j', async (options) => {
  const model = own(classifier())
  await expectNoLeak(() => void exportModel(model, options))
})

class NoLowering extends tf.layers.Layer {
  static readonly className: string = 'NoLowering'

  override call(inputs: tf.Tensor | tf.Tensor[]): tf.Tensor | tf.Tensor[] {
    return inputs
  }
}

test.each(modes)('a window longer than its axis, which tfjs minds only when it runs the model, is named: %j', (options) => {
  const y = tf.input({ shape: [2, 1] })
  const given = { ...options, likelihood: { name: 'gaussian', sigma: 1 } } as const
  const convolved = variationalConv1d({ filters: 1, kernelSize: 1 }).apply(y) as tf.SymbolicTensor
  const pooled = tf.layers.maxPooling1d({ poolSize: 5, strides: 1, name: 'pool' }).apply(convolved) as tf.SymbolicTensor
  const merged = own(tf.model({ inputs: y, outputs: tf.layers.add().apply([pooled, y]) as tf.SymbolicTensor }))
  expect(() => exportModel(merged, given)).toThrow(InvalidModelError)
  expect(() => exportModel(merged, given)).toThrow(/"pool" \(MaxPooling1D\): shapes that do not fit/)
})

describe('what cannot be exported is refused before any work', () => {
  test('layers without a lowering, every one of them named', () => {
    const model = own(
      tf.sequential({
        layers: [
          new NoLowering({ name: 'first', inputShape: [3] }),
          new NoLowering({ name: 'second' }),
          variationalDense({ units: 2 }),
        ],
      }),
    )
    const run = (): unknown => exportModel(model, drawn)
    expect(run).toThrow(UnsupportedLayerError)
    expect(run).toThrow(/2 layers of the model .*\n {2}first \(NoLowering\)\n {2}second \(NoLowering\)\n.*registerLowering/)
    expect(run).toThrow(
      expect.objectContaining({
        code: 'unsupported-layer',
        layers: [
          { name: 'first', className: 'NoLowering' },
          { name: 'second', className: 'NoLowering' },
        ],
      }),
    )
  })

  test('a layer whose setting has no counterpart', () => {
    const model = own(tf.sequential({ layers: [tf.layers.dense({ units: 2, inputShape: [2], name: 'a' })] }))
    Object.defineProperty(model.layers[0], 'getConfig', { value: () => ({ activation: 'cubist' }) })
    expect(() => exportModel(model, { mode: 'mean' })).toThrow(/a \(Dense\): activation "cubist"/)
  })

  test('a model without shapes', () => {
    const unbuilt = tf.sequential()
    expect(() => exportModel(unbuilt, { mode: 'mean' })).toThrow(InvalidModelError)
    expect(() => exportModel(unbuilt, { mode: 'mean' })).toThrow(/is not built.*inputShape/)
  })

  test('a model with two outputs', () => {
    const input = tf.input({ shape: [2] })
    const outputs = [1, 2].map(() => tf.layers.dense({ units: 2 }).apply(input) as tf.SymbolicTensor)
    expect(() => exportModel(own(tf.model({ inputs: input, outputs })), { mode: 'mean' })).toThrow(/has 2 outputs; expected one/)
  })

  test.each<[string, () => tf.LayersModel, unknown, RegExp]>([
    ['an unknown mode', classifier, { mode: 'sampled' }, /mode is "sampled"/],
    ['an unknown noise', classifier, { mode: 'localReparameterization', noise: 'pink' }, /noise is "pink"/],
    ['no draws', classifier, { ...drawn, samples: 0 }, /samples is 0/],
    ['half a draw', classifier, { ...drawn, samples: 1.5 }, /samples is 1.5/],
    [
      'an input of that name beside fed noise',
      classifier,
      { ...drawn, samples: 'input' },
      /samples is "input".*the noise tells it/,
    ],
    ['unknown draws', classifier, { mode: 'weightSampling', draws: 'lucky' }, /draws is "lucky".*stratified/],
    ['half a seed', classifier, { mode: 'localReparameterization', noise: 'baked', seed: 0.5 }, /seed is 0.5/],
    ['half a seed of drawn noise', classifier, { mode: 'localReparameterization', noise: 'graph', seed: 0.5 }, /seed is 0.5/],
    ['half a draw of weights', classifier, { mode: 'weightSampling', samples: 0.5 }, /samples is 0.5/],
    ['an old opset', classifier, { mode: 'mean', opset: 16 }, /opset is 16/],
    ['a new opset', classifier, { mode: 'mean', opset: 21 }, /opset is 21/],
    ['an unknown cuda', classifier, { mode: 'mean', cuda: 'yes' }, /cuda is "yes"/],
    ['an unknown likelihood', classifier, { mode: 'mean', likelihood: { name: 'poisson' } }, /likelihood is "poisson"/],
    ['a sigma of 0', regression, { mode: 'mean', likelihood: { name: 'gaussian', sigma: 0 } }, /sigma is 0/],
    [
      'one class',
      () => tf.sequential({ layers: [tf.layers.dense({ units: 1, inputShape: [2] })] }),
      { mode: 'mean' },
      /needs 2 classes or more.*gaussian/,
    ],
    [
      'draws without a Bayesian layer',
      () => tf.sequential({ layers: [tf.layers.dense({ units: 2, inputShape: [2] })] }),
      drawn,
      /the model has none.*mode: 'mean'/,
    ],
  ])('%s', (_, make, options, message) => {
    const model = own(make())
    expect(() => exportModel(model, options as ExportOptions)).toThrow(InvalidOptionError)
    expect(() => exportModel(model, options as ExportOptions)).toThrow(message)
  })

  test.each([Number.NaN, Number.POSITIVE_INFINITY])('a weight that is %d, with the name of its layer', (value) => {
    const model = own(tf.sequential({ layers: [variationalDense({ units: 2, inputShape: [2], name: 'broken' })] }))
    write(model.layers[0]!.weights[0]!, [1, 2, value, 4])
    for (const options of [drawn, { mode: 'mean' }] as const) {
      expect(() => exportModel(model, options)).toThrow(InvalidWeightError)
      expect(() => exportModel(model, options)).toThrow(
        /Layer "broken": element 2 of kernel mu \(shape \[2, 2\]\) is (NaN|Infinity)/,
      )
    }
  })

  test('an infinite variance', () => {
    const model = own(
      tf.sequential({ layers: [variationalDense({ units: 1, inputShape: [1], name: 'wide' }), tf.layers.dense({ units: 2 })] }),
    )
    // softplus(1e20) = 1e20, whose square is beyond float32.
    write(model.layers[0]!.weights[1]!, [1e20])
    expect(() => exportModel(model, drawn)).toThrow(/Layer "wide": element 0 of kernel sigma\^2/)
  })
})

test('a user can teach it a layer', () => {
  class Negate extends tf.layers.Layer {
    static className = 'Negate'
    override call(x: tf.Tensor | tf.Tensor[]): tf.Tensor {
      return tf.neg(Array.isArray(x) ? x[0]! : x)
    }
  }
  const model = own(tf.sequential({ layers: [new Negate({ inputShape: [2] }), tf.layers.dense({ units: 2 })] }))
  expect(() => exportModel(model, { mode: 'mean' })).toThrow(UnsupportedLayerError)
  registerLowering('Negate', { leadingAxes: 'broadcast', lower: ({ inputs, tape }) => tape.op('Neg', inputs) })
  expect(
    buildModel(model, { mode: 'mean' })
      .graph.nodes.map((node) => node.opType)
      .slice(0, 2),
  ).toEqual(['Neg', 'Gemm'])
  registerLowering('Negate', {
    leadingAxes: 'any',
    lower: ({ inputs, tape }) => tape.op('Concat', [...inputs, ...inputs], { axis: -1n }),
  })
  expect(() => exportModel(model, { mode: 'mean' })).toThrow(
    /Layer "negate_Negate\d+" \(Negate\): .*gives \[batch, 4\], tfjs says \[null, 2\]/,
  )
  expect(() => registerLowering('', { leadingAxes: 'any', lower: ({ inputs }) => inputs })).toThrow(InvalidOptionError)
})

test('a node without a CUDA kernel is an error, unless that is all right', () => {
  class Largest extends tf.layers.Layer {
    static className = 'Largest'
    override call(x: tf.Tensor | tf.Tensor[]): tf.Tensor {
      return tf.max(Array.isArray(x) ? x[0]! : x, -1, true)
    }
    override computeOutputShape(): tf.Shape {
      return [null, 1]
    }
  }
  registerLowering('Largest', {
    leadingAxes: 'any',
    lower: ({ inputs, tape }) => tape.op('ReduceMax', [inputs[0], tape.ints([-1])]),
  })
  const model = own(tf.sequential({ layers: [new Largest({ inputShape: [3] }), tf.layers.dense({ units: 2 })] }))
  // The kernels of ReduceMax end with version 18; opset 20 redefined it.
  expect(() => exportModel(model, { mode: 'mean', opset: 20 })).toThrow(MissingCudaKernelError)
  expect(() => exportModel(model, { mode: 'mean', opset: 20 })).toThrow(/largest_1\/ReduceMax: ReduceMax has the version 20/)
  expect(exportModel(model, { mode: 'mean', opset: 20, cuda: 'optional' }).length).toBeGreaterThan(0)
  expect(exportModel(model, { mode: 'mean', opset: 18 }).length).toBeGreaterThan(0)
})

function own<Model extends tf.LayersModel>(model: Model): Model {
  made.push(model)
  return model
}

function write(weight: tf.LayerVariable, values: number[]): void {
  const tensor = tf.tensor(values, weight.shape as number[])
  weight.write(tensor)
  tensor.dispose()
}
