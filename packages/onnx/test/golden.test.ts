import { readFileSync, writeFileSync } from 'node:fs'
import * as tf from '@tensorflow/tfjs'
import { variationalDense } from '@tfjs-bayes/layers'
import { describe, expect, test } from 'vitest'
import { type ExportOptions, exportLayersModel, exportModel, registerLowering } from '../src/index.ts'
import { Tape } from '../src/ir/tape.ts'
import { decode } from '../src/wire/decode.ts'
import { encode } from '../src/wire/encode.ts'
import type { Message } from '../src/wire/schema.ts'
import { toMessage } from '../src/wire/toMessage.ts'

test('a whole file, byte by byte', () => {
  const tape = new Tape(17)
  const y = tape.op('Relu', [tape.input('x', 'float', ['n', 2])])
  const file = encode(toMessage({ graph: tape.finish('g', [{ name: 'y', value: y }]), opset: 17, metadata: { a: 'b' } }))
  const text = (value: string): number[] => [value.length, ...Buffer.from(value)]
  const field = (key: number, content: readonly number[]): number[] => [key, content.length, ...content]
  // TypeProto > tensor_type > elem_type 1 (float), shape > dim > dim_param "n"; dim > dim_value 2.
  const type = field(
    0x12,
    field(0x0a, [0x08, 1, ...field(0x12, [...field(0x0a, [0x12, ...text('n')]), ...field(0x0a, [0x08, 2])])]),
  )
  const node = [0x0a, ...text('x'), 0x12, ...text('y'), 0x1a, ...text('Relu'), 0x22, ...text('Relu')]
  const graph = [
    ...field(0x0a, node),
    ...[0x12, ...text('g')],
    ...field(0x5a, [0x0a, ...text('x'), ...type]),
    ...field(0x62, [0x0a, ...text('y'), ...type]),
  ]
  expect([...file]).toEqual([
    ...[0x08, 8],
    ...[0x12, ...text('tfjs-bayes')],
    ...field(0x3a, graph),
    ...field(0x42, [0x0a, 0, 0x10, 17]),
    ...field(0x72, [0x0a, ...text('a'), 0x12, ...text('b')]),
  ])
})

/**
 * Files of a model whose weights are exact in float32: what a refactor must not change. Written anew, with the diff explained in the commit, by
 *
 *     TFJS_BAYES_UPDATE_GOLDEN=1 npx vitest run test/golden.test.ts
 */
describe('golden files', () => {
  const cases: Readonly<Record<string, ExportOptions>> = {
    mean: { mode: 'mean' },
    fedNoise: { mode: 'localReparameterization', noise: 'input' },
    drawnNoise: { mode: 'localReparameterization', noise: 'graph', samples: 8 },
    regression: { mode: 'localReparameterization', noise: 'graph', likelihood: { name: 'gaussian', sigma: 0.5 } },
  }
  test.each(Object.entries(cases))('%s', (name, options) => {
    const model = exactModel()
    const file = exportModel(model, options)
    model.dispose()
    const golden = goldenOf(name, file)
    expect(comparable(file)).toEqual(comparable(golden))
    expect(file.length).toBe(golden.length)
    if (options.mode === 'mean') expect(file).toEqual(golden)
  })
})

describe('golden files of plain models', () => {
  const cases: Readonly<Record<string, () => tf.LayersModel>> = {
    recurrent: () =>
      tf.sequential({
        layers: [
          tf.layers.embedding({ inputDim: 3, outputDim: 2, maskZero: true, inputLength: 4 }),
          tf.layers.bidirectional({ layer: tf.layers.gru({ units: 1, returnSequences: true }) as tf.RNN }),
          tf.layers.layerNormalization({ name: 'norm' }),
          tf.layers.dense({ units: 1 }),
        ],
      }),
    convolutional: () =>
      tf.sequential({
        layers: [
          tf.layers.separableConv2d({
            filters: 2,
            kernelSize: 2,
            padding: 'same',
            inputShape: [4, 5, 1],
          }),
          tf.layers.batchNormalization(),
          tf.layers.reLU({ maxValue: 6 }),
          tf.layers.upSampling2d({ size: [2, 1] }),
          tf.layers.cropping2D({ cropping: 1 }),
          tf.layers.conv2dTranspose({ filters: 1, kernelSize: 2, strides: 2, name: 'spread' }),
        ],
      }),
  }
  test.each(Object.entries(cases))('%s', (name, make) => {
    const model = make()
    giveExactWeights(model)
    const file = exportLayersModel(model)
    model.dispose()
    expect(file).toEqual(goldenOf(name, file))
  })

  test('folded', () => {
    const model = foldableModel()
    giveExactWeights(model)
    const file = exportLayersModel(model, { foldBatchNormalization: true, foldConstants: true })
    const others = [{}, { foldBatchNormalization: true }, { foldConstants: true }].map((options) =>
      exportLayersModel(model, options),
    )
    model.dispose()
    const sizeOf = (bytes: Uint8Array): number => decode(bytes).graph!.node!.length
    // Both options have something to do, or the file would not tell that they still do it: two batch normalizations of two nodes, three nodes of stored numbers.
    expect(others.map((other) => sizeOf(other) - sizeOf(file))).toEqual([7, 3, 4])
    expect(file).toEqual(goldenOf('folded', file))
  })
})

/** The golden file of a name; written anew where that is asked for. */
function goldenOf(name: string, file: Uint8Array): Uint8Array {
  const url = new URL(`./fixtures/golden/${name}.onnx`, import.meta.url)
  if (process.env['TFJS_BAYES_UPDATE_GOLDEN'] != null) writeFileSync(url, file)
  return new Uint8Array(readFileSync(url))
}

function giveExactWeights(model: tf.LayersModel): void {
  for (const weight of model.weights) {
    const size = tf.util.sizeFromShape(weight.shape as number[])
    // Of a batch normalization's variance and epsilon the root is exact too.
    const isVariance = weight.originalName.endsWith('moving_variance')
    const values = Array.from({ length: size }, (_, i) =>
      weight.originalName.endsWith('_rho') ? -3 : isVariance ? 1 - 1e-3 : i / 4 - 0.5,
    )
    const tensor = tf.tensor(values, weight.shape as number[])
    weight.write(tensor)
    tensor.dispose()
  }
}

/** A layer of the user's whose lowering leaves something to compute that depends on stored numbers only. */
class Offset extends tf.layers.Layer {
  static readonly className: string = 'GoldenOffset'
}

registerLowering('GoldenOffset', {
  leadingAxes: 'broadcast',
  lower: ({ inputs, tape }) => {
    const column = tape.initializer(Float32Array.of(1, 2), [2, 1], 'column')
    const row = tape.op('Reshape', [tape.op('Transpose', [column], { perm: [1n, 0n] }), tape.ints([2])])
    return tape.op('Add', [inputs[0], tape.op('Mul', [row, tape.scalar(3)])])
  },
})

/** Batch normalizations behind a convolution and behind a dense layer, and stored numbers to compute with. */
function foldableModel(): tf.LayersModel {
  return tf.sequential({
    layers: [
      tf.layers.conv2d({ filters: 2, kernelSize: 2, inputShape: [3, 4, 1], useBias: false }),
      tf.layers.batchNormalization(),
      tf.layers.reLU(),
      tf.layers.flatten(),
      tf.layers.dense({ units: 2 }),
      tf.layers.batchNormalization({ name: 'norm' }),
      new Offset({ name: 'offset' }),
    ],
  })
}

function exactModel(): tf.LayersModel {
  const model = tf.sequential({
    layers: [
      variationalDense({ units: 2, activation: 'relu', inputShape: [2] }),
      tf.layers.dropout({ rate: 0.5 }),
      variationalDense({ units: 3, name: 'logits' }),
    ],
  })
  giveExactWeights(model)
  return model
}

// softplus differs in its last bits between backends, so variances are compared as numbers.
function comparable(file: Uint8Array): unknown {
  const message = decode(file)
  const initializer = (message.graph!.initializer ?? []).map((tensor: Message<'TensorProto'>) => {
    if (!tensor.name!.endsWith('_variance')) return tensor
    const values = new Float32Array(tensor.rawData!.slice().buffer)
    return { ...tensor, rawData: [...values].map((value) => value.toPrecision(5)) }
  })
  return { ...message, graph: { ...message.graph, initializer } }
}
