import * as tf from '@tensorflow/tfjs'
import { type EstimatorName, variationalDense } from '@tfjs-bayes/layers'
import fc from 'fast-check'
import { normals, uniform } from './random.ts'

/** A piece of a random model; it takes [batch, n] and gives [batch, m]. */
export type Block =
  | { readonly kind: 'variational' | 'dense'; readonly units: number; readonly activation: string; readonly useBias: boolean }
  | { readonly kind: 'activation'; readonly name: string }
  | { readonly kind: 'advanced'; readonly name: AdvancedLayer }
  | { readonly kind: 'sequence'; readonly columns: number; readonly variational: boolean }
  | { readonly kind: 'branches'; readonly merge: Merge; readonly units: number; readonly left: boolean; readonly right: boolean }
  | { readonly kind: 'nested'; readonly blocks: readonly Block[] }
  | { readonly kind: 'shared'; readonly variational: boolean; readonly merge: Merge }

type AdvancedLayer = (typeof advancedLayers)[number]
type Merge = (typeof merges)[number]

export interface ModelSpec {
  readonly family: 'flat'
  readonly inputs: number
  readonly blocks: readonly Block[]
  readonly classes: number
  readonly last: 'variational' | 'dense' | 'softmaxActivation' | 'softmaxLayer' | 'softmaxThenDropout'
  readonly seed: number
}

export const activations = [
  'linear',
  'elu',
  'hardSigmoid',
  'relu',
  'relu6',
  'selu',
  'sigmoid',
  'softmax',
  'softplus',
  'softsign',
  'tanh',
  'swish',
  'mish',
  'gelu',
  'gelu_new',
  'logSoftmax',
] as const
const advancedLayers = [
  'ReLU',
  'ReLU with maximum',
  'LeakyReLU',
  'ELU',
  'ThresholdedReLU',
  'PReLU',
  'Softmax',
  'Dropout',
  'GaussianNoise',
  'AlphaDropout',
] as const
const merges = ['add', 'multiply', 'average', 'maximum', 'minimum', 'concatenate'] as const

/** Models that mix Bayesian and ordinary layers in every way that this package can write. */
export function modelSpec({ bayesian }: { readonly bayesian: boolean }): fc.Arbitrary<ModelSpec> {
  const size = fc.integer({ min: 1, max: 7 })
  const activation = fc.constantFrom(...activations)
  const merge = fc.constantFrom(...merges)
  const flat: fc.Arbitrary<Block>[] = [
    fc.record({ kind: fc.constantFrom('variational', 'dense'), units: size, activation, useBias: fc.boolean() }),
    fc.record({ kind: fc.constant('activation'), name: activation }),
    fc.record({ kind: fc.constant('advanced'), name: fc.constantFrom(...advancedLayers) }),
    fc.record({ kind: fc.constant('sequence'), columns: fc.integer({ min: 1, max: 3 }), variational: fc.boolean() }),
    fc.record({ kind: fc.constant('branches'), merge, units: size, left: fc.boolean(), right: fc.boolean() }),
    fc.record({ kind: fc.constant('shared'), variational: fc.boolean(), merge }),
  ]
  const nested: fc.Arbitrary<Block> = fc.record({
    kind: fc.constant('nested'),
    blocks: fc.array(fc.oneof(...flat), { minLength: 1, maxLength: 2 }),
  })
  const all = bayesian
    ? (['variational', 'softmaxActivation', 'softmaxLayer', 'softmaxThenDropout'] as const)
    : (['variational', 'dense', 'softmaxActivation', 'softmaxLayer', 'softmaxThenDropout'] as const)
  return fc.record({
    family: fc.constant('flat'),
    inputs: size,
    blocks: fc.array(fc.oneof(...flat, nested), { maxLength: 4 }),
    classes: fc.integer({ min: 2, max: 5 }),
    last: fc.constantFrom(...all),
    seed: fc.nat(),
  })
}

/** Builds a model and gives every weight a random value, so that nothing is zero or one by its initializer. */
export function buildRandomModel({ inputs, blocks, classes, last, seed }: ModelSpec, estimator: EstimatorName): tf.LayersModel {
  const input = tf.input({ shape: [inputs] })
  let x = applyBlocks(input, blocks, estimator)
  const activation = last === 'softmaxActivation' ? 'softmax' : 'linear'
  x = one(
    (last === 'dense' ? tf.layers.dense({ units: classes }) : variationalDense({ units: classes, activation, estimator })).apply(
      x,
    ),
  )
  if (last.startsWith('softmax') && last !== 'softmaxActivation') x = one(tf.layers.softmax({ axis: -1 }).apply(x))
  if (last === 'softmaxThenDropout') x = one(tf.layers.dropout({ rate: 0.5 }).apply(x))
  const model = tf.model({ inputs: input, outputs: x })
  randomizeWeights(model, seed)
  return model
}

/** Sets means to about 1/sqrt(inputs), rho so that sigma is from 0.01 to 0.3. */
export function randomizeWeights(model: tf.LayersModel, seed: number): void {
  const next = uniform(seed)
  tf.tidy(() => {
    for (const weight of model.weights) {
      const { shape } = weight
      const size = tf.util.sizeFromShape(shape as number[])
      const draws = normals(size, Math.floor(next() * 2 ** 31))
      const fan = shape.length > 1 ? Math.sqrt(tf.util.sizeFromShape(shape.slice(0, -1) as number[])) : 1
      const values = weight.originalName.endsWith('_rho') ? draws.map((draw) => -3 + draw) : draws.map((draw) => draw / fan)
      weight.write(tf.tensor(values, shape as number[]))
    }
  })
}

function applyBlocks(x: tf.SymbolicTensor, blocks: readonly Block[], estimator: EstimatorName): tf.SymbolicTensor {
  return blocks.reduce((y, block) => applyBlock(y, block, estimator), x)
}

function applyBlock(x: tf.SymbolicTensor, block: Block, estimator: EstimatorName): tf.SymbolicTensor {
  const denseOf = (variational: boolean, units: number, activation: string, useBias: boolean): tf.layers.Layer => {
    const args = { units, activation: activation as 'relu', useBias }
    return variational ? variationalDense({ ...args, estimator }) : tf.layers.dense(args)
  }
  switch (block.kind) {
    case 'variational':
    case 'dense':
      return one(denseOf(block.kind === 'variational', block.units, block.activation, block.useBias).apply(x))
    case 'activation':
      return one(tf.layers.activation({ activation: block.name as 'relu' }).apply(x))
    case 'advanced':
      return one(advancedLayer(block.name).apply(x))
    case 'sequence': {
      const { columns } = block
      const wide = one(tf.layers.dense({ units: 2 * columns }).apply(x))
      const rows = one(tf.layers.reshape({ targetShape: [2, columns] }).apply(wide))
      const mapped = one(denseOf(block.variational, 3, 'tanh', true).apply(rows))
      const turned = one(tf.layers.permute({ dims: [2, 1] }).apply(mapped))
      return one(tf.layers.flatten().apply(turned))
    }
    case 'branches': {
      const left = one(denseOf(block.left, block.units, 'relu', true).apply(x))
      const right = one(denseOf(block.right, block.units, 'tanh', true).apply(x))
      return mergeOf(block.merge, [left, right])
    }
    case 'nested': {
      const inner = tf.input({ shape: x.shape.slice(1) })
      const nested = tf.model({ inputs: inner, outputs: applyBlocks(inner, block.blocks, estimator) })
      return one(nested.apply(x))
    }
    case 'shared': {
      const shared = denseOf(block.variational, x.shape.at(-1)!, 'tanh', true)
      const first = one(shared.apply(x))
      return mergeOf(block.merge, [first, one(shared.apply(first)), x])
    }
  }
}

function advancedLayer(name: AdvancedLayer): tf.layers.Layer {
  switch (name) {
    case 'ReLU':
      return tf.layers.reLU()
    case 'ReLU with maximum':
      return tf.layers.reLU({ maxValue: 0.5 })
    case 'LeakyReLU':
      return tf.layers.leakyReLU({ alpha: 0.15 })
    case 'ELU':
      return tf.layers.elu()
    case 'ThresholdedReLU':
      return tf.layers.thresholdedReLU({ theta: 0.2 })
    case 'PReLU':
      return tf.layers.prelu()
    case 'Softmax':
      return tf.layers.softmax()
    case 'Dropout':
      return tf.layers.dropout({ rate: 0.4 })
    case 'GaussianNoise':
      return tf.layers.gaussianNoise({ stddev: 2 })
    case 'AlphaDropout':
      return tf.layers.alphaDropout({ rate: 0.3 })
  }
}

function mergeOf(merge: Merge, inputs: tf.SymbolicTensor[]): tf.SymbolicTensor {
  return one(tf.layers[merge]().apply(inputs))
}

function one(result: tf.Tensor | tf.Tensor[] | tf.SymbolicTensor | tf.SymbolicTensor[]): tf.SymbolicTensor {
  return result as tf.SymbolicTensor
}
