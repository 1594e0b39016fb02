import * as tf from '@tensorflow/tfjs'
import { InvalidLayerArgumentError } from '../errors.ts'
import { denseOperator } from '../operators/denseOperator.ts'
import { oneKernel, VariationalLayer } from './variationalLayer.ts'
import { type EstimatorOptions, heNormal, type VariationalOptions } from './variationalOptions.ts'

type TfDenseArgs = Parameters<typeof tf.layers.dense>[0]

/** Arguments of {@link variationalDense}: those of `tf.layers.dense` without regularizers, whose place the prior takes, and those of every variational layer. */
export type VariationalDenseArgs = Omit<TfDenseArgs, 'kernelRegularizer' | 'biasRegularizer' | 'activityRegularizer'> &
  VariationalOptions &
  EstimatorOptions

/** The dense layer with a distribution over its weights; see {@link variationalDense}. */
export class VariationalDense extends VariationalLayer {
  static className = 'VariationalDense'
  readonly units: number

  constructor(args: VariationalDenseArgs) {
    super(args, (layer) => {
      if (!(Number.isSafeInteger(args.units) && args.units > 0)) {
        throw InvalidLayerArgumentError.of(layer, 'units', args.units, 'a positive integer')
      }
      const twin = tf.layers.dense({ ...args, name: layer, kernelInitializer: args.kernelInitializer ?? heNormal(args.seed) })
      return oneKernel(denseOperator(args.units), twin)
    })
    this.units = args.units
  }
}
tf.serialization.registerClass(VariationalDense)

/**
 * A dense layer whose kernel and bias have a posterior: activation(x W + b) with W, b ~ N(mu, sigma^2).
 *
 * @param args.units size of the output's last axis
 * @param args.activation after the pre-activation is drawn; default none
 * @param args.useBias default true; the bias is Bayesian too
 * @param args.kernelInitializer,biasInitializer of mu; default 'heNormal', 'zeros'
 * @returns the layer: input [..., inputs], output [..., units]
 * @throws InvalidLayerArgumentError, UnsupportedKlError
 */
export function variationalDense(args: VariationalDenseArgs): VariationalDense {
  return new VariationalDense(args)
}
