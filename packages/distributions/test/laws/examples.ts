import * as tf from '@tensorflow/tfjs'
import {
  Bernoulli,
  Categorical,
  Cauchy,
  type Distribution,
  HalfCauchy,
  HalfNormal,
  independent,
  Laplace,
  Logistic,
  LogNormal,
  Normal,
  NormalScaleMixture,
  Poisson,
  StudentT,
  Uniform,
} from '../../src/index.ts'

/** A family with a batch of two members, for the laws that every family obeys. */
export interface Example {
  readonly name: string
  /** Makes the distribution from its parameters as tensors, in the order of `parameters`. */
  readonly make: (...parameters: tf.Tensor[]) => Distribution
  /** Values of each parameter for the two members (or one value for both). */
  readonly parameters: Readonly<Record<string, readonly number[]>>
  /** Points inside the support, one pair per row. */
  readonly inside: readonly (readonly [number, number])[]
  /** Points outside the support. */
  readonly outside: readonly (readonly [number, number])[]
  readonly discrete?: boolean
}

type Make1 = (a: tf.Tensor) => Distribution
type Make2 = (a: tf.Tensor, b: tf.Tensor) => Distribution

const real = [
  [-1.3, 0.4],
  [0.2, 3.1],
  [2.5, -0.8],
] as const
const positive = [
  [0.3, 1.2],
  [2.1, 0.05],
  [0.9, 4],
] as const

const zeroOrOne = {
  inside: [
    [0, 1],
    [1, 0],
  ],
  outside: [
    [-1, 2],
    [0.5, 3],
  ],
  discrete: true,
} as const
const threeLabels = {
  inside: [
    [0, 2],
    [1, 1],
    [2, 0],
  ],
  outside: [
    [-1, 3],
    [7, -2],
  ],
  discrete: true,
} as const

const locationScale = (name: string, make: Make2, scale: string): Example => ({
  name,
  make: make as Example['make'],
  parameters: { mu: [0.5, -0.2], [scale]: [0.7, 1.6] },
  inside: real,
  outside: [],
})

/** One example a family. */
export const examples: readonly Example[] = [
  locationScale('normal', (mu, sigma) => new Normal({ mu, sigma }), 'sigma'),
  locationScale('laplace', (mu, scale) => new Laplace({ mu, scale }), 'scale'),
  locationScale('logistic', (mu, scale) => new Logistic({ mu, scale }), 'scale'),
  locationScale('cauchy', (mu, scale) => new Cauchy({ mu, scale }), 'scale'),
  {
    name: 'studentT',
    make: ((df: tf.Tensor, mu: tf.Tensor, scale: tf.Tensor) => new StudentT({ df, mu, scale })) as Example['make'],
    parameters: { df: [3.5, 12], mu: [0.5, -0.2], scale: [0.7, 1.6] },
    inside: real,
    outside: [],
  },
  {
    name: 'uniform',
    make: ((low: tf.Tensor, high: tf.Tensor) => new Uniform({ low, high })) as Example['make'],
    parameters: { low: [-1.5, 0.25], high: [3, 4] },
    inside: [
      [-1.3, 0.4],
      [0.2, 3.1],
      [2.5, 1.7],
    ],
    outside: [
      [-2, 0],
      [3.5, 1e6],
    ],
  },
  {
    name: 'logNormal',
    make: ((mu: tf.Tensor, sigma: tf.Tensor) => new LogNormal({ mu, sigma })) as Example['make'],
    parameters: { mu: [0.5, -0.2], sigma: [0.7, 1.6] },
    inside: positive,
    outside: [
      [-1, 0],
      [-0.001, -1e6],
    ],
  },
  {
    name: 'halfNormal',
    make: ((sigma: tf.Tensor) => new HalfNormal({ sigma })) as Make1 as Example['make'],
    parameters: { sigma: [0.7, 1.6] },
    inside: positive,
    outside: [
      [-1, -0.001],
      [-1e6, -30],
    ],
  },
  {
    name: 'halfCauchy',
    make: ((scale: tf.Tensor) => new HalfCauchy({ scale })) as Make1 as Example['make'],
    parameters: { scale: [0.7, 1.6] },
    inside: positive,
    outside: [
      [-1, -0.001],
      [-1e6, -30],
    ],
  },
  {
    name: 'normalScaleMixture',
    // Normalized here, as a trainable mixture does it: the gradients hold along weights that sum to 1.
    make: ((mu: tf.Tensor, w1: tf.Tensor, w2: tf.Tensor, s1: tf.Tensor, s2: tf.Tensor) => {
      const total = tf.add(w1, w2)
      return new NormalScaleMixture({ mu, weights: [tf.div(w1, total), tf.div(w2, total)], sigmas: [s1, s2] })
    }) as Example['make'],
    parameters: { mu: [0.5, -0.2], w1: [0.75, 0.3], w2: [0.25, 0.7], s1: [1.5, 0.9], s2: [0.2, 2.5] },
    inside: [
      [-1.3, 0.4],
      [0.6, 3.1],
      [2.5, -0.8],
    ],
    outside: [],
  },
  {
    name: 'bernoulli',
    make: ((logits: tf.Tensor) => new Bernoulli({ logits })) as Make1 as Example['make'],
    parameters: { logits: [0.7, -1.6] },
    ...zeroOrOne,
  },
  {
    name: 'bernoulli of probabilities',
    make: ((probabilities: tf.Tensor) => new Bernoulli({ probabilities })) as Make1 as Example['make'],
    parameters: { probabilities: [0.7, 0.05] },
    ...zeroOrOne,
  },
  {
    name: 'poisson',
    make: ((rate: tf.Tensor) => new Poisson({ rate })) as Make1 as Example['make'],
    parameters: { rate: [0.7, 6.5] },
    inside: [
      [0, 4],
      [3, 0],
      [1, 12],
    ],
    outside: [
      [-1, 0.5],
      [2.5, -3],
    ],
    discrete: true,
  },
  {
    name: 'categorical',
    make: ((logits: tf.Tensor) =>
      new Categorical({ logits: tf.stack([logits, tf.zerosLike(logits), tf.neg(logits)], -1) })) as Make1 as Example['make'],
    parameters: { logits: [0.7, -1.6] },
    ...threeLabels,
  },
  {
    name: 'categorical of probabilities',
    make: ((p: tf.Tensor) =>
      new Categorical({
        probabilities: tf.stack([p, tf.mul(p, 0.5), tf.sub(1, tf.mul(p, 1.5))], -1),
      })) as Make1 as Example['make'],
    parameters: { p: [0.4, 0.1] },
    ...threeLabels,
  },
]

/** The same distribution with its two members taken together. */
export function joint(example: Example): Distribution {
  return independent(example.make(...parametersOf(example)))
}

/** The parameters as tensors. */
export function parametersOf(example: Example): tf.Tensor[] {
  return Object.values(example.parameters).map((values) => tf.tensor1d([...values]))
}

/** The families whose draws, densities and distribution functions are of real numbers. */
export const continuous: readonly Example[] = examples.filter((example) => !example.discrete)
