import * as tf from '@tensorflow/tfjs'
import { InvalidLayerArgumentError } from '../errors.ts'
import { depthwiseConv2dOperator } from '../operators/depthwiseConv2dOperator.ts'
import { convolutionOf } from './convolutionOf.ts'
import { oneKernel, VariationalLayer } from './variationalLayer.ts'
import { type EstimatorOptions, heNormal, type VariationalOptions } from './variationalOptions.ts'

type TfDepthwiseConv2dArgs = Parameters<typeof tf.layers.depthwiseConv2d>[0]

/**
 * Arguments of {@link variationalDepthwiseConv2d}: those of `tf.layers.depthwiseConv2d` without regularizers, whose place the prior takes, and
 * those of every variational layer. `dilationRate` is not among them: tfjs's own layer ignores it.
 */
export type VariationalDepthwiseConv2dArgs = Omit<
  TfDepthwiseConv2dArgs,
  'depthwiseRegularizer' | 'biasRegularizer' | 'activityRegularizer' | 'dilationRate'
> &
  VariationalOptions &
  EstimatorOptions

/** The depthwise convolution with a distribution over its weights; see {@link variationalDepthwiseConv2d}. */
export class VariationalDepthwiseConv2D extends VariationalLayer {
  static className = 'VariationalDepthwiseConv2D'
  readonly depthMultiplier: number

  constructor(args: VariationalDepthwiseConv2dArgs) {
    const { depthMultiplier = 1 } = args
    super(args, (layer) => {
      if (!(Number.isSafeInteger(depthMultiplier) && depthMultiplier > 0)) {
        throw InvalidLayerArgumentError.of(layer, 'depthMultiplier', depthMultiplier, 'a positive integer')
      }
      const depthwiseInitializer = args.depthwiseInitializer ?? heNormal(args.seed)
      const twin = tf.layers.depthwiseConv2d({ ...args, name: layer, depthwiseInitializer })
      const convolution = convolutionOf(layer, twin)
      const { dilationRate } = convolution
      if (dilationRate.some((rate) => rate !== 1)) throw InvalidLayerArgumentError.of(layer, 'dilationRate', dilationRate, '1')
      return oneKernel(depthwiseConv2dOperator(depthMultiplier, convolution), twin, 'depthwise')
    })
    this.depthMultiplier = depthMultiplier
  }
}
tf.serialization.registerClass(VariationalDepthwiseConv2D)

/**
 * A convolution of each channel by itself whose kernel and bias have a posterior: activation(conv(x, W) + b) with W, b ~ N(mu, sigma^2).
 *
 * With the local reparameterization trick the outputs of one example are drawn independently at each position: what positions have in common
 * through the kernel that they share is ignored. `flipout` and `weightSampling` keep it.
 *
 * @param args.depthMultiplier number of output channels for each input channel; default 1
 * @param args.kernelSize,strides,padding,dataFormat as in `tf.layers.depthwiseConv2d`
 * @param args.depthwiseInitializer,biasInitializer of mu; default 'heNormal', 'zeros'
 * @returns the layer: input [batch, height, width, channels], output [batch, height', width', channels * depthMultiplier], or channels first
 * @throws InvalidLayerArgumentError, UnsupportedKlError
 */
export function variationalDepthwiseConv2d(args: VariationalDepthwiseConv2dArgs): VariationalDepthwiseConv2D {
  return new VariationalDepthwiseConv2D(args)
}
