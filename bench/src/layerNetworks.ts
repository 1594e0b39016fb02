import * as tf from '@tensorflow/tfjs'
import { Normal } from '@tfjs-bayes/distributions'
import { type EstimatorName, variationalConv2d, variationalDense } from '@tfjs-bayes/layers'
import { mnistMlp } from './mnistMlp.ts'

export const estimatorNames: readonly EstimatorName[] = ['localReparameterization', 'weightSampling', 'flipout']

/** What a network is made of: Bayesian layers of an estimator, or the plain layers of tfjs. */
export type LayerKind = EstimatorName | 'deterministic'
export const layerKinds: readonly LayerKind[] = [...estimatorNames, 'deterministic']

type Tensor = tf.SymbolicTensor

/** The networks of the step bench by name; `peers/torch_layers.py` has the same. Each ends in 10 logits. */
export const networks: Readonly<
  Record<string, { readonly inputShape: readonly number[]; make(kind: LayerKind): tf.LayersModel }>
> = {
  ...Object.fromEntries(
    [400, 1200, 4000].map((hidden) => [
      `dense${hidden}`,
      { inputShape: [784], make: (kind: LayerKind) => mnistMlp(kind, hidden) },
    ]),
  ),
  lenet: { inputShape: [28, 28, 1], make: lenet },
  resnet: { inputShape: [32, 32, 3], make: resnetBlock },
}

/** LeNet-5 on 28 x 28 images with ReLU and max pooling. */
function lenet(kind: LayerKind): tf.LayersModel {
  const { conv, dense } = layersOf(kind)
  const pool = (): tf.layers.Layer => tf.layers.maxPooling2d({ poolSize: 2, strides: 2 })
  return tf.sequential({
    layers: [
      tf.layers.inputLayer({ inputShape: [28, 28, 1] }),
      conv(6, 5, 'same'),
      pool(),
      conv(16, 5, 'valid'),
      pool(),
      tf.layers.flatten(),
      dense(120, 'relu'),
      dense(84, 'relu'),
      dense(10, 'linear'),
    ],
  })
}

/** The first stage of a small ResNet on 32 x 32 images: a stem, a residual block with 16 channels, global pooling, the head. */
function resnetBlock(kind: LayerKind): tf.LayersModel {
  const { conv, dense } = layersOf(kind)
  const input = tf.input({ shape: [32, 32, 3] })
  const stem = conv(16, 3, 'same').apply(input) as Tensor
  const inner = conv(16, 3, 'same', 'linear').apply(conv(16, 3, 'same').apply(stem)) as Tensor
  const sum = tf.layers.reLU().apply(tf.layers.add().apply([stem, inner]))
  const pooled = tf.layers.globalAveragePooling2d({}).apply(sum)
  return tf.model({ inputs: input, outputs: dense(10, 'linear').apply(pooled) as Tensor })
}

function layersOf(kind: LayerKind): {
  readonly conv: (
    filters: number,
    kernelSize: number,
    padding: 'same' | 'valid',
    activation?: 'relu' | 'linear',
  ) => tf.layers.Layer
  readonly dense: (units: number, activation: 'relu' | 'linear') => tf.layers.Layer
} {
  let seed = 0
  if (kind === 'deterministic') {
    const kernelInitializer = () => tf.initializers.heNormal({ seed: seed++ })
    return {
      conv: (filters, kernelSize, padding, activation = 'relu') =>
        tf.layers.conv2d({ filters, kernelSize, padding, activation, kernelInitializer: kernelInitializer() }),
      dense: (units, activation) => tf.layers.dense({ units, activation, kernelInitializer: kernelInitializer() }),
    }
  }
  const common = () => ({
    estimator: kind,
    kl: 'closed' as const,
    prior: new Normal({ mu: 0, sigma: 0.1 }),
    initialSigma: Math.log1p(Math.exp(-4)),
    seed: seed++,
  })
  return {
    conv: (filters, kernelSize, padding, activation = 'relu') =>
      variationalConv2d({ filters, kernelSize, padding, activation, ...common() }),
    dense: (units, activation) => variationalDense({ units, activation, ...common() }),
  }
}
