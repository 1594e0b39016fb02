import * as tf from '@tensorflow/tfjs'
import { InvalidLayerArgumentError } from '../errors.ts'
import { conv2dTransposeOperator } from '../operators/conv2dTransposeOperator.ts'
import { convolutionOf } from './convolutionOf.ts'
import { oneKernel, VariationalLayer } from './variationalLayer.ts'
import { type EstimatorOptions, heNormal, type VariationalOptions } from './variationalOptions.ts'

type TfConv2dTransposeArgs = Parameters<typeof tf.layers.conv2dTranspose>[0]

/**
 * Arguments of {@link variationalConv2dTranspose}: those of `tf.layers.conv2dTranspose` without regularizers, whose place the prior takes, and those
 * of every variational layer. `dilationRate` is not among them: tfjs's own layer ignores it.
 */
export type VariationalConv2dTransposeArgs = Omit<
  TfConv2dTransposeArgs,
  'kernelRegularizer' | 'biasRegularizer' | 'activityRegularizer' | 'dilationRate'
> &
  VariationalOptions &
  EstimatorOptions

/** The transposed convolution with a distribution over its weights; see {@link variationalConv2dTranspose}. */
export class VariationalConv2DTranspose extends VariationalLayer {
  static className = 'VariationalConv2DTranspose'
  readonly filters: number

  constructor(args: VariationalConv2dTransposeArgs) {
    super(args, (layer) => {
      const kernelInitializer = args.kernelInitializer ?? heNormal(args.seed)
      const twin = tf.layers.conv2dTranspose({ ...args, name: layer, kernelInitializer })
      const { dilationRate = 1 } = args as TfConv2dTransposeArgs
      if ([dilationRate].flat().some((rate) => rate !== 1)) {
        throw InvalidLayerArgumentError.of(layer, 'dilationRate', dilationRate, '1')
      }
      return oneKernel(conv2dTransposeOperator(args.filters, convolutionOf(layer, twin)), twin)
    })
    this.filters = args.filters
  }
}
tf.serialization.registerClass(VariationalConv2DTranspose)

/**
 * A transposed convolution (deconvolution) whose kernel and bias have a posterior: activation(conv^T(x, W) + b) with W, b ~ N(mu, sigma^2).
 *
 * With the local reparameterization trick the outputs of one example are drawn independently at each position: what positions have in common
 * through the kernel that they share is ignored. `flipout` and `weightSampling` keep it.
 *
 * @param args.filters number of output channels
 * @param args.kernelSize,strides,padding,dataFormat as in `tf.layers.conv2dTranspose`
 * @returns the layer: input [batch, height, width, channels], output [batch, height', width', filters], or channels first
 * @throws InvalidLayerArgumentError, UnsupportedKlError
 */
export function variationalConv2dTranspose(args: VariationalConv2dTransposeArgs): VariationalConv2DTranspose {
  return new VariationalConv2DTranspose(args)
}
