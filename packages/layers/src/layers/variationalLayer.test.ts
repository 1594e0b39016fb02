import * as tf from '@tensorflow/tfjs'
import {
  Bernoulli,
  Distribution,
  HalfNormal,
  Independent,
  Laplace,
  Normal,
  NormalScaleMixture,
  StudentT,
  Uniform,
} from '@tfjs-bayes/distributions'
import { expectTensorsClose } from '@tfjs-bayes/testing'
import { describe, expect, test } from 'vitest'
import { InvalidLayerArgumentError, LayerNotBuiltError, UnsupportedFormatError, UnsupportedKlError } from '../errors.ts'
import { ForwardPass } from '../forwardPass.ts'
import { VariationalDense, type VariationalDenseArgs, variationalDense } from './variationalDense.ts'

/** A prior without any closed form: a standard normal under another name. */
class Unnamed extends Distribution {
  readonly family = 'unnamed'
  readonly noiseKind = 'normal'
  readonly parameters = {}
  readonly batchShape = []
  private readonly normal = new Normal({ mu: 0, sigma: 1 })
  logProb(x: tf.Tensor): tf.Tensor {
    return this.normal.logProb(x)
  }
  sample(noise: tf.Tensor): tf.Tensor {
    return this.normal.sample(noise)
  }
  mean(): tf.Tensor {
    return this.normal.mean()
  }
  variance(): tf.Tensor {
    return this.normal.variance()
  }
  entropy(): tf.Tensor {
    return this.normal.entropy()
  }
}

describe('arguments', () => {
  test.each<[Partial<Record<keyof VariationalDenseArgs, unknown>>, RegExp]>([
    [{ units: 0 }, /Layer "bad": units is 0; expected a positive integer/],
    [{ units: 2.5 }, /units is 2.5/],
    [{ initialSigma: 0 }, /initialSigma is 0; expected a finite number > 0/],
    [{ initialSigma: Number.NaN }, /initialSigma is NaN/],
    [{ initialSigma: Number.POSITIVE_INFINITY }, /initialSigma is Infinity/],
    [{ datasetSize: 0 }, /datasetSize is 0; expected a positive integer/],
    [{ datasetSize: 1.5 }, /datasetSize is 1.5/],
    [{ seed: 2 ** 31 }, /seed is 2147483648; expected an integer/],
    [{ estimator: 'dropout' }, /estimator is "dropout"; expected one of weightSampling, /],
    [{ kl: 'exact' }, /kl is "exact"; expected one of closed, .*monteCarlo/],
    [{ bias: 'none' }, /bias is "none"; expected 'bayesian' or 'deterministic'/],
    [{ trainablePrior: 'yes' }, /trainablePrior is "yes"/],
    [{ centredPrior: 1 }, /centredPrior is 1/],
    [
      { prior: new Unnamed(), trainablePrior: true },
      /trainablePrior is true; expected a prior with a scale to learn; unnamed has none/,
    ],
    [{ prior: new Unnamed(), centredPrior: true }, /centredPrior is true; expected a prior with a centre mu to move; unnamed/],
    [{ inferenceMode: 'map' }, /inferenceMode is "map"/],
    [{ prior: 0.1 }, /prior is 0.1; expected a Distribution/],
  ])('%j is refused by name', (args, message) => {
    const make = (): unknown => variationalDense({ units: 1, name: 'bad', ...args } as VariationalDenseArgs)
    expect(make).toThrow(InvalidLayerArgumentError)
    expect(make).toThrow(message)
  })

  test.each([
    [
      new HalfNormal({ sigma: 1 }),
      /Layer "bad": .*halfNormal prior leaves no mass.*support is >= 0.*infinite\. Use a prior on the real line/,
    ],
    [new Uniform({ low: -1, high: 1 }), /uniform prior leaves no mass/],
    [new Bernoulli({ logits: 0 }), /bernoulli prior leaves no mass/],
    [
      new Independent({ base: new Normal({ mu: 0, sigma: tf.ones([3]) }), axes: 1 }),
      /prior is one of vectors \(event shape \[3\]\)/,
    ],
  ])('a prior that normal weights cannot have is refused: %#', (prior, message) => {
    for (const kl of [undefined, 'monteCarlo'] as const) {
      const make = (): unknown => variationalDense({ units: 1, name: 'bad', kl, prior })
      expect(make).toThrow(UnsupportedKlError)
      expect(make).toThrow(message)
    }
  })

  test('a closed KL is refused where there is no formula', () => {
    const make = (): unknown => variationalDense({ units: 1, name: 'odd', prior: new Unnamed(), kl: 'closed' } as never)
    expect(make).toThrow(UnsupportedKlError)
    expect(make).toThrow(/Layer "odd": KL\(normal \|\| unnamed\) has no closed form/)
  })

  test('an upper bound is refused for any prior but a mixture', () => {
    const make = (): unknown => variationalDense({ units: 1, name: 'odd', kl: 'upperBound' } as never)
    expect(make).toThrow(UnsupportedKlError)
    expect(make).toThrow(
      /Layer "odd": the upper bound of KL\(normal \|\| normal\) does not exist: it is one for a normalScaleMixture/,
    )
  })

  test('without a road, the best that the prior has is taken', () => {
    const methodFor = (prior: Distribution): string => variationalDense({ units: 1, prior }).klMethod
    expect(methodFor(new Normal({ mu: 0, sigma: 2 }))).toBe('closed')
    expect(methodFor(new Laplace({ mu: 0, scale: 2 }))).toBe('closed')
    expect(methodFor(new StudentT({ df: 3, mu: 0, scale: 2 }))).toBe('quadrature')
    expect(methodFor(new NormalScaleMixture({ weights: [0.5, 0.5], sigmas: [0.1, 1] }))).toBe('quadrature')
    expect(methodFor(new Unnamed())).toBe('quadrature')
  })

  test('a prior whose parameters would widen the weights is refused: its KL would be summed too often', () => {
    const prior = new Normal({ mu: tf.zeros([4, 3, 2]), sigma: 1 })
    const layer = variationalDense({ units: 2, name: 'wide', prior })
    expect(() => layer.build([null, 3])).toThrow(
      /Layer "wide": the shape of the prior's parameters is \[4,3,2\]; expected one that broadcasts to that of kernel, \[3,2\]/,
    )
  })
})

describe('use', () => {
  test('weights are not there before the layer knows its input', () => {
    const layer = variationalDense({ units: 1, name: 'early' })
    for (const ask of [() => layer.kernelMu, () => layer.biasRho, () => layer.posterior()]) {
      expect(ask).toThrow(LayerNotBuiltError)
      expect(ask).toThrow(/Layer "early" has no weights yet/)
    }
  })

  test('an input of unknown size, several inputs, and a pass that is none are named', () => {
    const layer = variationalDense({ units: 1, name: 'picky' })
    expect(() => layer.build([4, null])).toThrow(/Layer "picky": the input shape is \[4,null\]; expected axis -1 known/)
    expect(() =>
      layer.build([
        [null, 2],
        [null, 2],
      ]),
    ).toThrow(/Layer "picky": the number of inputs is 2; expected one/)
    tf.tidy(() => {
      expect(() => layer.apply(tf.ones([1, 2]), { pass: { mode: 'mean' } })).toThrow(
        /Layer "picky": pass is .*; expected a ForwardPass/,
      )
    })
  })

  test('an input of another size is refused with the layer’s name', () => {
    tf.tidy(() => {
      const layer = variationalDense({ units: 1, name: 'narrow' })
      layer.apply(tf.ones([1, 2]))
      expect(() => layer.apply(tf.ones([1, 3]))).toThrow(
        /layer narrow: expected axis -1 of input shape to have value 2 but got shape 1,3/,
      )
    })
  })

  test('useBias: false leaves no bias anywhere', () => {
    tf.tidy(() => {
      const layer = variationalDense({ units: 1, useBias: false })
      layer.apply(tf.ones([1, 2]))
      expect(layer.weights).toHaveLength(2)
      expect(layer.biasMu).toBeUndefined()
      expect(layer.biasRho).toBeUndefined()
      expect(layer.posterior().bias).toBeUndefined()
    })
  })

  test('inferenceMode chooses between the means and a new draw at each call', () => {
    tf.tidy(() => {
      const x = tf.ones([2, 3])
      const fixed = variationalDense({ units: 2, seed: 1 })
      expectTensorsClose(fixed.apply(x) as tf.Tensor, fixed.apply(x, { pass: new ForwardPass({ mode: 'mean' }) }) as tf.Tensor)
      const drawing = (): VariationalDense => variationalDense({ units: 2, seed: 1, inferenceMode: 'sample' })
      const [one, two] = [drawing(), drawing()]
      const first = one.apply(x) as tf.Tensor
      expect(
        first
          .equal(one.apply(x) as tf.Tensor)
          .any()
          .dataSync()[0],
      ).toBe(0)
      expectTensorsClose(two.apply(x) as tf.Tensor, first, { absolute: 0, relative: 0 })
    })
  })

  test('a layer without a seed gets one of its own, which its config keeps', () => {
    tf.tidy(() => {
      const x = tf.ones([2, 3])
      const [one, two] = [0, 1].map(() => variationalDense({ units: 2, inferenceMode: 'sample' }))
      expect(one!.seed).not.toBe(two!.seed)
      const loaded = VariationalDense.fromConfig(VariationalDense as never, one!.getConfig()) as VariationalDense
      expect(loaded.seed).toBe(one!.seed)
      const first = one!.apply(x) as tf.Tensor
      loaded.build([null, 3])
      loaded.setWeights(one!.getWeights())
      expectTensorsClose(loaded.apply(x) as tf.Tensor, first, { absolute: 0, relative: 0 })
    })
  })

  test('constraints hold the means', () => {
    const layer = variationalDense({ units: 2, kernelConstraint: 'nonNeg' })
    tf.tidy(() => {
      layer.apply(tf.ones([1, 3]))
      layer.kernelMu.write(tf.fill([3, 2], -1))
      expectTensorsClose(layer.kernelMu.read(), tf.zeros([3, 2]))
    })
  })
})

test('another version of the saved format is refused by name', () => {
  const config = { ...variationalDense({ units: 1, name: 'old' }).getConfig(), formatVersion: 0 }
  const load = (): unknown => VariationalDense.fromConfig(VariationalDense as never, config)
  expect(load).toThrow(UnsupportedFormatError)
  expect(load).toThrow(/Layer "old" was saved in a format .*got 0, expected formatVersion 1 or 2/)
})
