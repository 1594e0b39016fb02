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
  MultivariateNormal,
  Normal,
  NormalScaleMixture,
  Poisson,
  StudentT,
  Uniform,
} from '@tfjs-bayes/distributions'
import { expectTensorsClose } from '@tfjs-bayes/testing'
import { describe, expect, test } from 'vitest'
import {
  type EstimatorName,
  ForwardPass,
  type KlMethod,
  seededNoise,
  UnsupportedKlError,
  type VariationalDenseArgs,
  variationalDense,
  variationalLayers,
} from '../src/index.ts'
import { normal, savedArtifacts } from './values.ts'

/*
 * Road to the KL x prior x estimator, each pair of them: what is allowed trains, what is not is refused. The values are held to oracles in klRoads.test.ts.
 */

const estimators: readonly EstimatorName[] = ['localReparameterization', 'weightSampling', 'flipout']
const roads: readonly KlMethod[] = ['closed', 'quadrature', 'upperBound', 'monteCarlo']
const everywhere: readonly KlMethod[] = ['quadrature', 'monteCarlo']

/** Every family of distributions on the real line, and the roads that lead to it. */
const real: readonly { readonly prior: Distribution; readonly allowed: readonly KlMethod[] }[] = [
  { prior: new Normal({ mu: 0.1, sigma: 0.5 }), allowed: ['closed', ...everywhere] },
  { prior: new Laplace({ mu: 0.1, scale: 0.5 }), allowed: ['closed', ...everywhere] },
  { prior: new Logistic({ mu: 0.1, scale: 0.5 }), allowed: everywhere },
  { prior: new Cauchy({ mu: 0.1, scale: 0.5 }), allowed: everywhere },
  { prior: new StudentT({ df: 3, mu: 0.1, scale: 0.5 }), allowed: everywhere },
  { prior: new NormalScaleMixture({ weights: [0.5, 0.5], sigmas: [0.1, 1] }), allowed: ['upperBound', ...everywhere] },
]

/** All others: a weight with a normal posterior cannot have them as its prior. */
const others: readonly Distribution[] = [
  new Uniform({ low: -1, high: 1 }),
  new HalfNormal({ sigma: 1 }),
  new HalfCauchy({ scale: 1 }),
  new LogNormal({ mu: 0, sigma: 1 }),
  new Bernoulli({ logits: 0 }),
  new Poisson({ rate: 1 }),
  new Categorical({ logits: tf.zeros([3]) }),
  independent(new Normal({ mu: tf.zeros([2]), sigma: 1 }), 1),
  new MultivariateNormal({ mu: tf.zeros([2]), sigma: tf.ones([2]) }),
]

function layerOf(options: object): ReturnType<typeof variationalDense> {
  return variationalDense({
    units: 2,
    inputShape: [3],
    name: 'mine',
    seed: 1,
    datasetSize: 10,
    ...options,
  } as VariationalDenseArgs)
}

const pairs = real.flatMap(({ prior, allowed }) =>
  roads.map((kl) => ({ prior, kl, family: prior.family, allowed: allowed.includes(kl) })),
)

describe.each(estimators)('%s', (estimator) => {
  test.each(pairs.filter(({ allowed }) => allowed))(
    'trains with $kl to a $family, fixed, learned, centred, and both, and is saved',
    async ({ prior, kl }) => {
      for (const [trainablePrior, centredPrior] of [
        [false, false],
        [true, false],
        [false, true],
        [true, true],
      ]) {
        const layer = layerOf({ estimator, kl, prior, trainablePrior, centredPrior })
        const model = tf.sequential({ layers: [layer] })
        model.compile({ optimizer: tf.train.sgd(0.05), loss: 'meanSquaredError' })
        const before = layer.trainableWeights.map((weight) => weight.read().dataSync())
        const [x, y] = [normal([4, 3], 1), normal([4, 2], 2)]
        expect(await model.trainOnBatch(x, y)).toSatisfy(Number.isFinite)
        layer.trainableWeights.forEach((weight, i) => {
          const after = weight.read().dataSync()
          expect([...after].every(Number.isFinite), weight.name).toBe(true)
          expect(after, weight.name).not.toEqual(before[i])
        })
        const loaded = await tf.loadLayersModel(tf.io.fromMemory(await savedArtifacts(model)))
        tf.tidy(() => {
          const [ours, theirs] = [layer, variationalLayers(loaded)[0]!].map((each) =>
            each.kl(new ForwardPass({ mode: 'sample', noise: seededNoise(3, 0) })),
          )
          expectTensorsClose(theirs!, ours!, { absolute: 0, relative: 0 })
        })
        model.dispose()
        loaded.dispose()
        tf.dispose([x, y])
      }
    },
  )

  test.each(pairs.filter(({ allowed }) => !allowed))('refuses $kl to a $family by the layer’s name', ({ prior, kl, family }) => {
    const make = (): unknown => layerOf({ estimator, kl, prior })
    expect(make).toThrow(UnsupportedKlError)
    expect(make).toThrow(new RegExp(`Layer "mine": .*KL\\(normal \\|\\| ${family}\\).*(Use|Leave)`))
  })

  test.each(others.map((prior) => ({ prior, family: prior.family })))(
    'refuses every road to a $family by the layer’s name',
    ({ prior }) => {
      for (const kl of [undefined, ...roads]) {
        const make = (): unknown => layerOf({ estimator, kl, prior })
        expect(make).toThrow(UnsupportedKlError)
        expect(make).toThrow(/Layer "mine": .* Use a prior on the real line for each weight/)
      }
    },
  )
})
