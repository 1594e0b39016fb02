import * as tf from '@tensorflow/tfjs'
import { InvalidLayerArgumentError } from '../errors.ts'
import { conv1dOperator } from '../operators/conv1dOperator.ts'
import { convolutionOf } from './convolutionOf.ts'
import { oneKernel, VariationalLayer } from './variationalLayer.ts'
import { type EstimatorOptions, heNormal, type VariationalOptions } from './variationalOptions.ts'

type TfConv1dArgs = Parameters<typeof tf.layers.conv1d>[0]

/**
 * Arguments of {@link variationalConv1d}: those of `tf.layers.conv1d` without regularizers, whose place the prior takes, and those of every
 * variational layer. `dataFormat` is not among them: tfjs's own layer ignores it half of the way and does not save it.
 */
export type VariationalConv1dArgs = Omit<
  TfConv1dArgs,
  'kernelRegularizer' | 'biasRegularizer' | 'activityRegularizer' | 'dataFormat'
> &
  VariationalOptions &
  EstimatorOptions

/** The one-dimensional convolution with a distribution over its weights; see {@link variationalConv1d}. */
export class VariationalConv1D extends VariationalLayer {
  static className = 'VariationalConv1D'
  readonly filters: number

  constructor(args: VariationalConv1dArgs) {
    super(args, (layer) => {
      const { dataFormat = 'channelsLast' } = args as TfConv1dArgs
      if (dataFormat !== 'channelsLast') throw InvalidLayerArgumentError.of(layer, 'dataFormat', dataFormat, `'channelsLast'`)
      const twin = tf.layers.conv1d({ ...args, name: layer, kernelInitializer: args.kernelInitializer ?? heNormal(args.seed) })
      return oneKernel(conv1dOperator(args.filters, convolutionOf(layer, twin)), twin)
    })
    this.filters = args.filters
  }
}
tf.serialization.registerClass(VariationalConv1D)

/**
 * A convolution over one axis whose kernel and bias have a posterior: activation(conv(x, W) + b) with W, b ~ N(mu, sigma^2).
 *
 * With the local reparameterization trick the outputs of one example are drawn independently at each position: what positions have in common
 * through the kernel that they share is ignored. `flipout` and `weightSampling` keep it.
 *
 * @param args.filters number of output channels
 * @param args.kernelSize,strides,padding,dilationRate as in `tf.layers.conv1d`; dilated kernels can be trained, too
 * @returns the layer: input [batch, steps, channels], output [batch, steps', filters]
 * @throws InvalidLayerArgumentError, UnsupportedKlError
 */
export function variationalConv1d(args: VariationalConv1dArgs): VariationalConv1D {
  return new VariationalConv1D(args)
}
