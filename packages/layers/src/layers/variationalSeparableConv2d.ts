import * as tf from '@tensorflow/tfjs'
import { InvalidLayerArgumentError } from '../errors.ts'
import { separableConv2dOperator } from '../operators/separableConv2dOperator.ts'
import { convolutionOf } from './convolutionOf.ts'
import { twinParts } from './tfLayer.ts'
import { VariationalLayer } from './variationalLayer.ts'
import { type EstimatorOptions, heNormal, type VariationalOptions } from './variationalOptions.ts'

type TfSeparableConv2dArgs = Parameters<typeof tf.layers.separableConv2d>[0]

/**
 * Arguments of {@link variationalSeparableConv2d}: those of `tf.layers.separableConv2d` without regularizers, whose place the prior takes, and those
 * of every variational layer. Not among them: `dataFormat`, with which tfjs's own layer adds the bias to the wrong axis, and `dilationRate`.
 */
export type VariationalSeparableConv2dArgs = Omit<
  TfSeparableConv2dArgs,
  | 'depthwiseRegularizer'
  | 'pointwiseRegularizer'
  | 'kernelRegularizer'
  | 'kernelInitializer'
  | 'kernelConstraint'
  | 'biasRegularizer'
  | 'activityRegularizer'
  | 'dataFormat'
  | 'dilationRate'
> &
  VariationalOptions &
  EstimatorOptions

/** The separable convolution with a distribution over its weights; see {@link variationalSeparableConv2d}. */
export class VariationalSeparableConv2D extends VariationalLayer {
  static className = 'VariationalSeparableConv2D'
  readonly filters: number
  readonly depthMultiplier: number

  constructor(args: VariationalSeparableConv2dArgs) {
    const { depthMultiplier = 1 } = args
    super(args, (layer) => {
      if (!(Number.isSafeInteger(depthMultiplier) && depthMultiplier > 0)) {
        throw InvalidLayerArgumentError.of(layer, 'depthMultiplier', depthMultiplier, 'a positive integer')
      }
      const twin = twinOf(layer, args)
      const convolution = convolutionOf(layer, twin)
      const { dataFormat, dilationRate } = convolution
      if (dataFormat !== 'channelsLast') throw InvalidLayerArgumentError.of(layer, 'dataFormat', dataFormat, `'channelsLast'`)
      if (dilationRate.some((rate) => rate !== 1)) throw InvalidLayerArgumentError.of(layer, 'dilationRate', dilationRate, '1')
      const operator = separableConv2dOperator(args.filters, depthMultiplier, convolution)
      const stages = [
        { operator: operator.depthwise, weight: 'depthwise', kernelName: 'depthwise' },
        { operator: operator.pointwise, weight: 'kernel', kernelName: 'pointwise' },
      ]
      return { operator, stages, twin }
    })
    this.filters = args.filters
    this.depthMultiplier = depthMultiplier
  }

  /** Means of the depthwise kernel; `kernelMu` are those of the pointwise one. */
  get depthwiseMu(): tf.LayerVariable {
    return this.weightTensors[0]!.mu
  }

  /** The depthwise kernel's rho; `kernelRho` is that of the pointwise one. */
  get depthwiseRho(): tf.LayerVariable {
    return this.weightTensors[0]!.rho!
  }
}
tf.serialization.registerClass(VariationalSeparableConv2D)

/**
 * A depthwise convolution followed by a pointwise one, both with a posterior: activation(conv1x1(depthwise(x, D), W) + b) with
 * D, W, b ~ N(mu, sigma^2).
 *
 * Each estimator works on one convolution after the other, as in two layers: the pointwise one takes the drawn outputs of the depthwise one. With the
 * local reparameterization trick those are drawn independently at each position, and what positions have in common through their kernels is ignored.
 *
 * @param args.filters number of output channels
 * @param args.depthMultiplier number of channels between the two for each input channel; default 1
 * @param args.kernelSize,strides,padding as in `tf.layers.separableConv2d`
 * @param args.depthwiseInitializer,pointwiseInitializer,biasInitializer of mu; default 'heNormal', 'heNormal', 'zeros'
 * @returns the layer: input [batch, height, width, channels], output [batch, height', width', filters]
 * @throws InvalidLayerArgumentError, UnsupportedKlError
 */
export function variationalSeparableConv2d(args: VariationalSeparableConv2dArgs): VariationalSeparableConv2D {
  return new VariationalSeparableConv2D(args)
}

/** tfjs's own layer takes the depthwise initializer for the pointwise kernel, too. */
function twinOf(layer: string, args: VariationalSeparableConv2dArgs): tf.layers.Layer {
  const depthwiseInitializer = args.depthwiseInitializer ?? heNormal(args.seed)
  const twin = tf.layers.separableConv2d({ ...args, name: layer, depthwiseInitializer })
  const kernelInitializer = args.pointwiseInitializer ?? heNormal(args.seed === undefined ? undefined : (args.seed + 1) | 0)
  const pointwise = twinParts(tf.layers.dense({ units: 1, kernelInitializer }), 'kernel')
  return Object.assign(twin, { pointwiseInitializer: pointwise.kernelInitializer })
}
