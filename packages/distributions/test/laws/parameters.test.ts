import * as tf from '@tensorflow/tfjs'
import { expect, test } from 'vitest'
import {
  Bernoulli,
  Categorical,
  Cauchy,
  HalfCauchy,
  HalfNormal,
  InvalidParameterError,
  independent,
  Laplace,
  Logistic,
  LogNormal,
  Normal,
  NormalScaleMixture,
  Poisson,
  ShapeMismatchError,
  StudentT,
  Uniform,
} from '../../src/index.ts'

const nan = Number.NaN
const infinity = Number.POSITIVE_INFINITY

test.each<[string, () => unknown, RegExp]>([
  ['normal', () => new Normal({ mu: 0, sigma: 0 }), /normal: sigma is 0; expected a finite number > 0.*softplus/],
  ['normal', () => new Normal({ mu: infinity, sigma: 1 }), /normal: mu is Infinity; expected a finite number/],
  ['laplace', () => new Laplace({ mu: 0, scale: -1 }), /laplace: scale is -1/],
  ['logistic', () => new Logistic({ mu: nan, scale: 1 }), /logistic: mu is NaN/],
  ['cauchy', () => new Cauchy({ mu: 0, scale: infinity }), /cauchy: scale is Infinity/],
  ['studentT', () => new StudentT({ df: 0, mu: 0, scale: 1 }), /studentT: df is 0/],
  ['uniform', () => new Uniform({ low: 1, high: 1 }), /uniform: low is 1 and high is 1; expected low < high/],
  ['logNormal', () => new LogNormal({ mu: 0, sigma: nan }), /logNormal: sigma is NaN/],
  ['halfNormal', () => new HalfNormal({ sigma: 0 }), /halfNormal: sigma is 0/],
  ['halfCauchy', () => new HalfCauchy({ scale: 0 }), /halfCauchy: scale is 0/],
  ['poisson', () => new Poisson({ rate: 0 }), /poisson: rate is 0/],
  [
    'bernoulli',
    () => new Bernoulli({ probabilities: 1.5 }),
    /bernoulli: probabilities is 1.5; expected a probability from 0 to 1/,
  ],
  ['bernoulli', () => new Bernoulli({ logits: nan }), /bernoulli: logits is NaN/],
  [
    'mixture',
    () => new NormalScaleMixture({ weights: [0.5, 0.4], sigmas: [1, 2] }),
    /the weights sum to 0.9; expected 1. Divide them by their sum/,
  ],
  ['mixture', () => new NormalScaleMixture({ weights: [0.5, 0.5], sigmas: [1, 0] }), /sigmas\[1\] is 0/],
  [
    'mixture',
    () => new NormalScaleMixture({ weights: [1.5, -0.5], sigmas: [1, 2] }),
    /weights\[0\] is 1.5; expected a probability/,
  ],
  [
    'mixture',
    () => new NormalScaleMixture({ weights: [1], sigmas: [1, 2] }),
    /got 1 weights and 2 sigmas; expected two lists of the same length/,
  ],
  ['mixture', () => new NormalScaleMixture({ weights: [], sigmas: [] }), /got 0 weights and 0 sigmas/],
  ['categorical', () => new Categorical({ logits: 0 as never }), /categorical: logits is 0; expected a tensor \[...batch, K\]/],
  ['missing', () => new Laplace({ mu: 0 } as never), /laplace: scale is undefined; expected/],
  ['a string', () => new Normal({ mu: '0' as never, sigma: 1 }), /normal: mu is "0"; expected a finite number, or a tensor/],
  [
    'independent',
    () => independent(new Normal({ mu: 0, sigma: 1 })),
    /axes is 1; expected an integer from 0 to 0, the rank of the batch shape \[\]/,
  ],
])('%s: a bad number is refused where the distribution is made', (_, make, message) => {
  expect(make).toThrow(InvalidParameterError)
  expect(make).toThrow(message)
})

test.each<[string, () => { validate(): unknown }, RegExp]>([
  [
    'normal',
    () =>
      new Normal({
        mu: 0,
        sigma: tf.tensor2d([
          [1, 2],
          [3, -4],
        ]),
      }),
    /normal: sigma\[1,1\] is -4; expected a finite number > 0/,
  ],
  ['laplace', () => new Laplace({ mu: tf.tensor1d([0, nan]), scale: 1 }), /laplace: mu\[1\] is NaN/],
  ['studentT', () => new StudentT({ df: tf.scalar(-1), mu: 0, scale: 1 }), /studentT: df\[\] is -1/],
  [
    'uniform',
    () => new Uniform({ low: tf.tensor1d([0, 2]), high: 1 }),
    /uniform: low\[1\] is 2 and high\[1\] is 1; expected low < high/,
  ],
  ['poisson', () => new Poisson({ rate: tf.tensor1d([1, infinity]) }), /poisson: rate\[1\] is Infinity/],
  ['bernoulli', () => new Bernoulli({ probabilities: tf.tensor1d([0.5, 1.25]) }), /bernoulli: probabilities\[1\] is 1.25/],
  [
    'categorical',
    () =>
      new Categorical({
        probabilities: tf.tensor2d([
          [0.5, 0.5],
          [0.75, 0.5],
        ]),
      }),
    /categorical: probabilities\[1,:\] sum to 1.25; expected 1/,
  ],
  [
    'categorical',
    () =>
      new Categorical({
        probabilities: tf.tensor2d([
          [0.5, 0.5],
          [1.5, -0.5],
        ]),
      }),
    /categorical: probabilities\[1,0\] is 1.5/,
  ],
  ['categorical', () => new Categorical({ logits: tf.tensor1d([0, nan]) }), /categorical: logits\[1\] is NaN/],
  [
    'categorical',
    () =>
      new Categorical({
        logits: tf.tensor2d([
          [0, -infinity],
          [-infinity, -infinity],
        ]),
      }),
    /categorical: logits\[1,:\] are all -Infinity; expected at least one class/,
  ],
  [
    'mixture',
    () => new NormalScaleMixture({ weights: [tf.tensor1d([0.5, 0.25]), 0.5], sigmas: [1, 2] }),
    /the weights\[1\] sum to 0.75; expected 1/,
  ],
  ['mixture', () => new NormalScaleMixture({ weights: [0.5, 0.5], sigmas: [1, tf.tensor1d([2, 0])] }), /sigmas\[1\]\[1\] is 0/],
  ['independent', () => independent(new Normal({ mu: 0, sigma: tf.tensor1d([1, 0]) })), /normal: sigma\[1\] is 0/],
])('%s: validate reads the tensors and names index and value', (_, make, message) => {
  const before = tf.memory().numTensors
  tf.tidy(() => {
    expect(() => make().validate()).toThrow(InvalidParameterError)
    expect(() => make().validate()).toThrow(message)
  })
  expect(tf.memory().numTensors).toBe(before)
})

test('parameters that do not broadcast are refused', () => {
  tf.tidy(() => {
    expect(() => new Laplace({ mu: tf.zeros([2]), scale: tf.ones([3]) })).toThrow(ShapeMismatchError)
    expect(() => new NormalScaleMixture({ mu: tf.zeros([2]), weights: [1], sigmas: [tf.ones([3])] })).toThrow(
      /mu \[2\].*sigmas\[0\] \[3\]/,
    )
  })
})
