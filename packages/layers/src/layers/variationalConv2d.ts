import * as tf from '@tensorflow/tfjs'
import { conv2dOperator } from '../operators/conv2dOperator.ts'
import { convolutionOf } from './convolutionOf.ts'
import { oneKernel, VariationalLayer } from './variationalLayer.ts'
import { type EstimatorOptions, heNormal, type VariationalOptions } from './variationalOptions.ts'

type TfConv2dArgs = Parameters<typeof tf.layers.conv2d>[0]

/** Arguments of {@link variationalConv2d}: those of `tf.layers.conv2d` without regularizers, whose place the prior takes, and those of every variational layer. */
export type VariationalConv2dArgs = Omit<TfConv2dArgs, 'kernelRegularizer' | 'biasRegularizer' | 'activityRegularizer'> &
  VariationalOptions &
  EstimatorOptions

/** The two-dimensional convolution with a distribution over its weights; see {@link variationalConv2d}. */
export class VariationalConv2D extends VariationalLayer {
  static className = 'VariationalConv2D'
  readonly filters: number

  constructor(args: VariationalConv2dArgs) {
    super(args, (layer) => {
      const twin = tf.layers.conv2d({ ...args, name: layer, kernelInitializer: args.kernelInitializer ?? heNormal(args.seed) })
      return oneKernel(conv2dOperator(args.filters, convolutionOf(layer, twin)), twin)
    })
    this.filters = args.filters
  }
}
tf.serialization.registerClass(VariationalConv2D)

/**
 * A convolution over two axes whose kernel and bias have a posterior: activation(conv(x, W) + b) with W, b ~ N(mu, sigma^2).
 *
 * With the local reparameterization trick the outputs of one example are drawn independently at each position: what positions have in common
 * through the kernel that they share is ignored. `flipout` and `weightSampling` keep it.
 *
 * @param args.filters number of output channels
 * @param args.kernelSize,strides,padding,dilationRate,dataFormat as in `tf.layers.conv2d`; dilated kernels can be trained, too
 * @returns the layer: input [batch, height, width, channels], output [batch, height', width', filters], or channels first
 * @throws InvalidLayerArgumentError, UnsupportedKlError
 */
export function variationalConv2d(args: VariationalConv2dArgs): VariationalConv2D {
  return new VariationalConv2D(args)
}
