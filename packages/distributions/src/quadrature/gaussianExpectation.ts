import * as tf from '@tensorflow/tfjs'
import type { Distribution } from '../distribution.ts'
import type { Normal } from '../families/normal.ts'
import { checkpointedSum } from '../numerics/checkpointedSum.ts'
import type { Parameter } from '../parameter.ts'
import { tensorsOf, withTensors } from '../parameterTensors.ts'

/** Where to evaluate an integrand, and with what weight. */
interface GaussianNode {
  /** In standard deviations of q from its mean. */
  readonly z: Parameter
  readonly weight: Parameter
}

/** A quadrature rule for expectations under a normal q, whose nodes may depend on q and on the other distribution involved. */
export interface GaussianRule<P extends Distribution> {
  readonly count: number
  /** What the nodes have in common, computed once; no gradient flows through it. */
  readonly shared?: (q: Normal, p: P) => tf.Tensor[]
  readonly node: (i: number, shared: readonly tf.Tensor[]) => GaussianNode
}

/**
 * E f(x), x ~ q, by the given rule, elementwise: the sum over the nodes of weight * f(mu + sigma z).
 *
 * Reparameterized: with the nodes held fixed, gradients flow through mu + sigma z and through p. The memory is that of one node.
 *
 * @param p a distribution that f depends on
 * @param f of x and of a p that stands for the given one
 */
export function gaussianExpectation<P extends Distribution>(
  q: Normal,
  p: P,
  rule: GaussianRule<P>,
  f: (x: tf.Tensor, p: P) => tf.Tensor,
): tf.Tensor {
  const [qTensors, pTensors] = [tensorsOf(q), tensorsOf(p)]
  const split = (inputs: readonly tf.Tensor[]): readonly [Normal, P] => [
    withTensors(q, inputs.slice(0, qTensors.length)),
    withTensors(p, inputs.slice(qTensors.length)),
  ]
  const shared = (inputs: readonly tf.Tensor[]): tf.Tensor[] => rule.shared?.(...split(inputs)) ?? []
  const term = (i: number, inputs: readonly tf.Tensor[], constants: readonly tf.Tensor[]): tf.Tensor => {
    const [qNow, pNow] = split(inputs)
    const { z, weight } = rule.node(i, constants)
    return tf.mul(f(tf.add(qNow.mu, tf.mul(qNow.sigma, z)), pNow), weight)
  }
  const inputs = [...qTensors, ...pTensors]
  if (inputs.length > 0) return checkpointedSum(inputs, { count: rule.count, constants: shared, term })
  return tf.tidy(() => {
    const constants = shared([])
    return Array.from({ length: rule.count }, (_, i) => term(i, [], constants)).reduce((sum, each) => tf.add(sum, each))
  })
}

/** exp(-z^2 / 2) / sqrt(2 pi). */
export function standardDensity(z: tf.Tensor): tf.Tensor {
  return tf.mul(tf.exp(tf.mul(tf.square(z), -0.5)), 1 / Math.sqrt(2 * Math.PI))
}

/** How many standard deviations of q the rules with panels look at on either side: 2e-9 of its mass is further out. */
export const REACH = 6
