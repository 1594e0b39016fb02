import * as tf from '@tensorflow/tfjs'
import { type EstimatorName, type LinearOperator, type VariationalLayer, variationalLayers } from '@tfjs-bayes/layers'
import { type Contestant, contestant } from './interleave.ts'

/** How many products op(x, kernel) an estimator takes forwards. */
const PRODUCTS: Readonly<Record<EstimatorName, number>> = { weightSampling: 1, localReparameterization: 2, flipout: 2 }

/**
 * The products of a training step and nothing else: those of each Bayesian layer forwards, and the gradients of each by kernel and, but for the
 * first layer, by input.
 */
export function operatorProducts(model: tf.LayersModel, batch: number): Contestant {
  const products = variationalLayers(model).flatMap((layer, index) =>
    Array.from({ length: PRODUCTS[layer.estimator] }, () => productOf(layer, batch, index === 0)),
  )
  return contestant('products alone', () =>
    tf.tidy(() => {
      const last = products.map((run) => run()).at(-1)!
      return tf.reshape(last, [-1]).slice(0, 1).dataSync()[0]
    }),
  )
}

function productOf(layer: VariationalLayer, batch: number, first: boolean): () => tf.Tensor {
  const operator = layer.operator as LinearOperator
  const inputShape = (layer.input as tf.SymbolicTensor).shape.slice(1) as number[]
  const x = tf.randomNormal([batch, ...inputShape])
  const kernel = tf.randomNormal(operator.kernelShape([batch, ...inputShape]))
  const byKernel = tf.grad((w) => operator.apply(x, w))
  const byBoth = tf.grads((input, w) => operator.apply(input, w))
  const dy = tf.tidy(() => tf.onesLike(operator.apply(x, kernel)))
  return () => (first ? byKernel(kernel, dy) : byBoth([x, kernel], dy)[1]!)
}
