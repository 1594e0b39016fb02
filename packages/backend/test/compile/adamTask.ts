import * as tf from '@tensorflow/tfjs'
import { adamUpdate } from '../../src/adam/adamUpdate.ts'
import { statelessNormal } from '../../src/random/statelessNormal.ts'

/** A regression whose optimizer is `adamUpdate`, always from the same weights. */
export interface AdamTask {
  readonly step: (x: tf.Tensor, rate: tf.Tensor) => tf.Scalar
  readonly slots: readonly tf.Variable[]
  /** Weights, moments and the powers of the betas. */
  readonly all: readonly tf.Variable[]
}

/** `spoil` may change the prediction, for steps that are to go wrong. */
export function adamTask(spoil: (prediction: tf.Tensor) => tf.Tensor = (prediction) => prediction): AdamTask {
  const variable = (shape: number[], key: number) => tf.tidy(() => tf.variable(statelessNormal(shape, key, 0).mul(0.5)))
  const variables = [variable([6, 8], 1), variable([8, 1], 2)]
  const slots = () => variables.map(({ shape }) => tf.tidy(() => tf.variable(tf.zeros(shape), false)))
  const [first, second] = [slots(), slots()]
  const powers = [0.9, 0.999].map((beta) => tf.tidy(() => tf.variable(tf.scalar(beta), false)))
  const [beta1Power, beta2Power] = powers as [tf.Variable, tf.Variable]
  const step = (x: tf.Tensor, rate: tf.Tensor): tf.Scalar => {
    const loss = () => spoil(x.matMul(variables[0]!).tanh().matMul(variables[1]!)).squaredDifference(x.sum(1, true)).mean()
    const { value, grads } = tf.variableGrads(loss as () => tf.Scalar, variables)
    variables.forEach((value, i) => {
      const moments = { firstMoment: first[i]!, secondMoment: second[i]!, beta1Power, beta2Power }
      const gradient = grads[value.name]!
      const after = adamUpdate({ value, gradient, ...moments, learningRate: rate, beta1: 0.9, beta2: 0.999, epsilon: 1e-7 })
      value.assign(after.value)
      first[i]!.assign(after.firstMoment)
      second[i]!.assign(after.secondMoment)
    })
    beta1Power.assign(beta1Power.mul(0.9))
    beta2Power.assign(beta2Power.mul(0.999))
    return value
  }
  return { step, slots: [...first, ...second], all: [...variables, ...first, ...second, ...powers] }
}

/** The loss of the n-th call, of a batch that is short now and then. */
export function adamLoss(step: AdamTask['step'], call: number): number {
  return tf.tidy(() => {
    const rows = call % 10 === 9 ? 4 : 10
    return step(statelessNormal([rows, 6], 4, call), tf.scalar(0.01 / (1 + call))).dataSync()[0]!
  })
}
