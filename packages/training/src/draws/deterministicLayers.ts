import * as tf from '@tensorflow/tfjs'
import { VariationalEmbedding, VariationalLayer } from '@tfjs-bayes/layers'

/**
 * Whether a layer gives the same output for the same input at every call, in inference: only layers of tfjs of which that is known. Someone's own layer may
 * draw random numbers, and so may a layer of tfjs that was derived from, whose call was replaced, or that keeps states between calls.
 */
export function isDeterministic(layer: tf.layers.Layer): boolean {
  const own = layer.constructor.prototype as tf.layers.Layer
  if (!deterministicClasses().has(layer.constructor) || layer.call !== own.call || layer.apply !== own.apply) return false
  if (layer.stateful || !activationsOf(layer).every((name) => ACTIVATIONS.has(name))) return false
  return wrappedLayers(layer).every(isDeterministic)
}

/** Whether a layer may make a mask of a tensor that has none; the layers behind it then see it, in ways that only tfjs itself follows. */
export function mayMask(layer: tf.layers.Layer): boolean {
  if (!layer.supportsMasking || layer.computeMask === tf.layers.Layer.prototype.computeMask) return false
  if (layer instanceof VariationalLayer && !(layer instanceof VariationalEmbedding)) return false
  return !deterministicClasses().has(layer.constructor) || layer.getClassName() === 'Embedding'
}

/** The classes have no names outside tfjs: an instance of each tells them. None of them has weights before it is built. */
let classes: ReadonlySet<unknown> | undefined
function deterministicClasses(): ReadonlySet<unknown> {
  classes ??= new Set(
    // With names, so that those that tfjs gives to the layers of a model are not used up.
    examples().map((layer) => layer.constructor),
  )
  return classes
}

function examples(): tf.layers.Layer[] {
  const { layers } = tf
  const name = 'example'
  const [units, filters, kernelSize, poolSize, strides] = [1, 1, 1, 1, 1]
  const threeAxes: [number, number, number] = [1, 1, 1]
  return [
    layers.dense({ name, units }),
    layers.conv1d({ name, filters, kernelSize }),
    layers.conv2d({ name, filters, kernelSize }),
    layers.conv3d({ name, filters, kernelSize }),
    layers.conv2dTranspose({ name, filters, kernelSize }),
    layers.conv3dTranspose({ name, filters, kernelSize }),
    layers.depthwiseConv2d({ name, kernelSize }),
    layers.separableConv2d({ name, filters, kernelSize }),
    layers.embedding({ name, inputDim: 1, outputDim: 1 }),
    layers.simpleRNN({ name, units }),
    layers.gru({ name, units }),
    layers.lstm({ name, units }),
    layers.bidirectional({ name, layer: layers.simpleRNN({ name, units }) as never, mergeMode: 'concat' }),
    layers.timeDistributed({ name, layer: layers.dense({ name, units }) }),
    layers.activation({ name, activation: 'linear' }),
    layers.reLU({ name }),
    layers.leakyReLU({ name }),
    layers.prelu({ name }),
    layers.elu({ name }),
    layers.thresholdedReLU({ name }),
    layers.softmax({ name }),
    layers.flatten({ name }),
    layers.reshape({ name, targetShape: [1] }),
    layers.permute({ name, dims: [1] }),
    layers.repeatVector({ name, n: 1 }),
    layers.cropping2D({ name, cropping: 1 }),
    layers.upSampling2d({ name }),
    layers.zeroPadding2d({ name }),
    layers.maxPooling1d({ name, poolSize }),
    layers.maxPooling2d({ name, poolSize }),
    layers.maxPooling3d({ name, poolSize: threeAxes, strides: threeAxes }),
    layers.averagePooling1d({ name, poolSize, strides }),
    layers.averagePooling2d({ name, poolSize }),
    layers.averagePooling3d({ name, poolSize: threeAxes, strides: threeAxes }),
    layers.globalMaxPooling1d({ name }),
    layers.globalMaxPooling2d({ name }),
    layers.globalAveragePooling1d({ name }),
    layers.globalAveragePooling2d({ name }),
    layers.add({ name }),
    layers.multiply({ name }),
    layers.average({ name }),
    layers.maximum({ name }),
    layers.minimum({ name }),
    layers.concatenate({ name }),
    layers.dot({ name, axes: 1 }),
    layers.batchNormalization({ name }),
    layers.layerNormalization({ name }),
    layers.rescaling({ name, scale: 1 }),
    layers.centerCrop({ name, height: 1, width: 1 }),
    layers.resizing({ name, height: 1, width: 1 }),
    // In inference these do nothing.
    layers.dropout({ name, rate: 0 }),
    layers.spatialDropout1d({ name, rate: 0 }),
    layers.gaussianNoise({ name, stddev: 1 }),
    layers.gaussianDropout({ name, rate: 0 }),
    layers.alphaDropout({ name, rate: 0 }),
  ]
}

/** Those of tfjs: an activation can be anyone's, too. */
const ACTIVATIONS: ReadonlySet<string> = new Set([
  'elu',
  'gelu',
  'gelu_new',
  'hardSigmoid',
  'linear',
  'logSoftmax',
  'mish',
  'relu',
  'relu6',
  'selu',
  'sigmoid',
  'softmax',
  'softplus',
  'softsign',
  'swish',
  'tanh',
])

function activationsOf(layer: tf.layers.Layer): string[] {
  const parts = layer as unknown as Record<string, unknown>
  const cell = parts['cell'] as Record<string, unknown> | undefined
  return [parts['activation'], cell?.['activation'], cell?.['recurrentActivation']].flatMap((activation) =>
    activation instanceof tf.serialization.Serializable ? [activation.getClassName()] : [],
  )
}

/** What a wrapper calls. */
function wrappedLayers(layer: tf.layers.Layer): tf.layers.Layer[] {
  const { layer: wrapped, forwardLayer, backwardLayer } = layer as unknown as Record<string, unknown>
  const called = forwardLayer === undefined ? [wrapped] : [forwardLayer, backwardLayer]
  return called.filter((each) => each instanceof tf.layers.Layer)
}
