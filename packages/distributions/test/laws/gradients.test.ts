import * as tf from '@tensorflow/tfjs'
import { expectNoLeak, expectTensorsClose, finiteDifference } from '@tfjs-bayes/testing'
import { describe, expect, test } from 'vitest'
import { continuous, type Example, examples, parametersOf } from './examples.ts'

const tolerance = { relative: 3e-3, absolute: 1e-3 }
type Quantity = 'logProb' | 'cdf' | 'logCdf' | 'logSurvival' | 'quantile'

/** Compares the gradients of a function of tensors by each of them with finite differences. */
function checkGradients(
  f: (...at: tf.Tensor[]) => tf.Tensor,
  point: readonly tf.Tensor[],
  names: readonly string[],
  step = 1 / 64,
): void {
  const gradients = tf.grads((...at: tf.Tensor[]) => tf.sum(f(...at)))([...point])
  names.forEach((name, i) => {
    const expected = tf.tensor(
      finiteDifference((moved) => f(...point.with(i, moved)), point[i]!, { step }),
      point[i]!.shape,
    )
    try {
      expectTensorsClose(gradients[i]!, expected, tolerance)
    } catch (error) {
      throw new Error(`by ${name}: ${(error as Error).message}`)
    }
  })
}

async function checkQuantity(example: Example, quantity: Quantity, points: readonly (readonly number[])[]): Promise<void> {
  await expectNoLeak(() =>
    tf.tidy(() => {
      const names = ['x', ...Object.keys(example.parameters)]
      for (const pair of points) {
        const f = (x: tf.Tensor, ...parameters: tf.Tensor[]): tf.Tensor => example.make(...parameters)[quantity](x)
        checkGradients(
          f as (...at: tf.Tensor[]) => tf.Tensor,
          [tf.tensor1d([...pair]), ...parametersOf(example)],
          names,
          quantity === 'quantile' ? 1 / 256 : 1 / 64,
        )
      }
    }),
  )
}

const quantities: readonly Quantity[] = ['logProb', 'cdf', 'logCdf', 'logSurvival', 'quantile']
const cases = continuous.flatMap((example) => quantities.map((quantity) => [quantity, example.name, example] as const))

test.each(cases)('%s of %s', async (quantity, _, example) => {
  await checkQuantity(
    example,
    quantity,
    quantity === 'quantile'
      ? [
          [0.03, 0.4],
          [0.6, 0.97],
        ]
      : example.inside,
  )
})

test.each(examples.filter((example) => example.discrete).map((example) => [example.name, example] as const))(
  'logProb of %s, by the parameter',
  async (_, example) => {
    await expectNoLeak(() =>
      tf.tidy(() => {
        for (const pair of example.inside) {
          const labels = example.name.startsWith('categorical') ? tf.tensor1d([...pair], 'int32') : tf.tensor1d([...pair])
          checkGradients(
            (parameter) => example.make(parameter!).logProb(labels),
            parametersOf(example),
            Object.keys(example.parameters),
          )
        }
      }),
    )
  },
)

describe('outside the support', () => {
  test.each(examples.filter(({ outside }) => outside.length > 0).map((example) => [example.name, example] as const))(
    'log p of %s is -Infinity, with zero gradient',
    (_, example) => {
      tf.tidy(() => {
        for (const pair of example.outside) {
          const isLabel = example.name.startsWith('categorical')
          const x = isLabel ? tf.tensor1d([...pair], 'int32') : tf.tensor1d([...pair])
          const values = example.make(...parametersOf(example)).logProb(x)
          expectTensorsClose(values, [Number.NEGATIVE_INFINITY, Number.NEGATIVE_INFINITY])
          const logProb = (...parameters: tf.Tensor[]): tf.Tensor => tf.sum(example.make(...parameters).logProb(x))
          for (const gradient of tf.grads(logProb)(parametersOf(example))) expectTensorsClose(gradient, [0, 0])
          if (isLabel) continue
          const byX = tf.grad((at: tf.Tensor) => tf.sum(example.make(...parametersOf(example)).logProb(at)))(x)
          expectTensorsClose(byX, [0, 0])
        }
      })
    },
  )

  test.each(['uniform', 'logNormal', 'halfNormal', 'halfCauchy'])('the distribution functions of %s are constant', (name) => {
    const example = examples.find((each) => each.name === name)!
    tf.tidy(() => {
      const d = example.make(...parametersOf(example))
      const below = tf.tensor1d([-5, -7])
      expectTensorsClose(d.cdf(below), [0, 0])
      expectTensorsClose(d.logCdf(below), [Number.NEGATIVE_INFINITY, Number.NEGATIVE_INFINITY])
      expectTensorsClose(d.logSurvival(below), [0, 0])
      for (const quantity of ['cdf', 'logCdf', 'logSurvival'] as const) {
        expectTensorsClose(tf.grad((x: tf.Tensor) => tf.sum(d[quantity](x)))(below), [0, 0])
      }
    })
  })
})

describe('samplers', () => {
  const reparameterized = continuous.filter((example) => example.name !== 'normalScaleMixture')

  test.each(reparameterized.map((example) => [example.name, example] as const))(
    '%s, under the same noise',
    async (_, example) => {
      await expectNoLeak(() =>
        tf.tidy(() => {
          const d = example.make(...parametersOf(example))
          expect(d.reparameterized).toBe(true)
          const size = tf.util.sizeFromShape(d.noiseShape())
          const noise = d.noiseKind === 'uniform' ? [0.81, 0.3, 0.12, 0.66] : [-1.2, 0.4, 0.9, -0.3]
          const given = tf.tensor(noise.slice(0, size), d.noiseShape())
          checkGradients(
            (...parameters) => example.make(...parameters).sample(given),
            parametersOf(example),
            Object.keys(example.parameters),
          )
        }),
      )
    },
  )

  test('the mixture’s sampler has the gradient of its quantile at the drawn probability', async () => {
    const example = continuous.find((each) => each.name === 'normalScaleMixture')!
    await expectNoLeak(() =>
      tf.tidy(() => {
        const parameters = parametersOf(example)
        const noise = tf.tensor2d([
          [0.1, 0.5],
          [-1.4, -0.7],
        ])
        const gradients = tf.grads((...at: tf.Tensor[]) => tf.sum(example.make(...at).sample(noise)))(parameters)
        const d = example.make(...parameters)
        const p = d.cdf(d.sample(noise))
        parameters.forEach((parameter, i) => {
          const quantile = (moved: tf.Tensor): tf.Tensor => example.make(...parameters.with(i, moved)).quantile(p)
          expectTensorsClose(gradients[i]!, tf.tensor(finiteDifference(quantile, parameter), [2]), tolerance)
        })
      }),
    )
  })

  test.each(examples.filter((example) => example.discrete).map((example) => [example.name, example] as const))(
    '%s says that it has none',
    (_, example) => {
      tf.tidy(() => {
        expect(example.make(...parametersOf(example)).reparameterized).toBe(false)
        expect(example.make(...parametersOf(example)).sample(tf.tensor1d([0.2, 0.9])).dtype).toBe('int32')
      })
    },
  )
})

test.each([
  ['studentT', ['df', 'scale']],
  ['poisson', ['rate']],
  ['bernoulli', ['logits']],
  ['categorical', ['logits']],
  ['laplace', ['scale']],
  ['logNormal', ['mu', 'sigma']],
  ['uniform', ['low', 'high']],
])('entropy of %s', async (name, names) => {
  const example = examples.find((each) => each.name === name)!
  await expectNoLeak(() =>
    tf.tidy(() => {
      const all = parametersOf(example)
      const indices = names.map((each) => Object.keys(example.parameters).indexOf(each))
      const entropy = (...moved: tf.Tensor[]): tf.Tensor => {
        const parameters = indices.reduce((sofar, index, i) => sofar.with(index, moved[i]!), all)
        return example.make(...parameters).entropy()
      }
      const point = indices.map((index) => all[index]!)
      checkGradients(entropy, point, names)
    }),
  )
})
