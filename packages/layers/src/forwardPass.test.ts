import * as tf from '@tensorflow/tfjs'
import { expectNoLeak, expectTensorsClose } from '@tfjs-bayes/testing'
import { describe, expect, test, vi } from 'vitest'
import { NoiseError } from './errors.ts'
import { ForwardPass, type PassParticipant } from './forwardPass.ts'
import { variationalDense } from './layers/variationalDense.ts'
import { givenNoise } from './noise/givenNoise.ts'
import { seededNoise } from './noise/seededNoise.ts'
import type { LinearOperator } from './operators/linearOperator.ts'
import { variationalLayers } from './variationalLayers.ts'

const participant = (name: string, kl = 0): PassParticipant => ({ name, kl: () => tf.scalar(kl) })

test('refuses to sample without noise, and an unknown mode', () => {
  expect(() => new ForwardPass({ mode: 'sample' })).toThrow(NoiseError)
  expect(() => new ForwardPass({ mode: 'sample' })).toThrow(/needs noise\. Give seededNoise/)
  expect(() => new ForwardPass({ mode: 'train' as 'mean' })).toThrow(/mode is "train"; expected 'mean' or 'sample'/)
})

test('adds up the KL of those that took part, each once', () => {
  tf.tidy(() => {
    const pass = new ForwardPass({ mode: 'mean' })
    expectTensorsClose(pass.kl(), tf.scalar(0))
    const [a, b] = [participant('a', 2), participant('b', 5)]
    for (const layer of [a, b, a]) pass.join(layer)
    expectTensorsClose(pass.kl(), tf.scalar(7))
  })
})

test('numbers the streams in the order of the requests, whatever the layers are called', () => {
  tf.tidy(() => {
    const asked: number[] = []
    const noise = (shape: readonly number[], stream: number): tf.Tensor => {
      asked.push(stream)
      return tf.zeros([...shape])
    }
    const pass = new ForwardPass({ mode: 'sample', noise })
    const [a, b] = [participant('z'), participant('z')]
    pass.noise(a, 'preActivation', [1])
    pass.sharedNoise(b, 'kernel', [1])
    pass.sharedNoise(b, 'bias', [1])
    pass.sharedNoise(b, 'kernel', [1])
    pass.noise(a, 'preActivation', [1])
    expect(asked).toEqual([0, 1, 2, 1, 3])
  })
})

test('names the layer where the noise is missing or has another shape', () => {
  tf.tidy(() => {
    const layer = participant('hidden')
    const short = new ForwardPass({ mode: 'sample', noise: givenNoise([]) })
    expect(() => short.noise(layer, 'preActivation', [2])).toThrow(/Layer "hidden", preActivation: .*stream 0/)
    const wrong = new ForwardPass({ mode: 'sample', noise: () => tf.zeros([3]) })
    expect(() => wrong.noise(layer, 'preActivation', [2])).toThrow(/Layer "hidden".*gave shape \[3\]; expected \[2\]/)
  })
})

test('keeps what is computed once for as long as its own scope, past inner ones', async () => {
  await expectNoLeak(() => {
    let calls = 0
    const make = (): tf.Tensor => {
      calls++
      return tf.scalar(3)
    }
    tf.tidy(() => {
      const pass = new ForwardPass({ mode: 'mean' })
      const layer = participant('a')
      const inner = tf.tidy(() => {
        const made = pass.once(layer, 'sigma', make)
        return [made.mul(2)]
      })
      expectTensorsClose(pass.once(layer, 'sigma', make).mul(2), inner[0]!)
      expect(calls).toBe(1)
    })
  })
})

test('made outside any scope, keeps nothing alive and computes again', async () => {
  await expectNoLeak(() => {
    const pass = new ForwardPass({ mode: 'sample', noise: seededNoise(1, 0) })
    const layer = participant('a')
    const draw = (): Float32Array =>
      tf.tidy(() => pass.once(layer, 'draw', () => pass.sharedNoise(layer, 'kernel', [4]))).dataSync<'float32'>()
    tf.tidy(() => {
      expect(draw()).toEqual(draw())
    })
  })
})

test('carries gradients through what it keeps', async () => {
  const w = tf.variable(tf.scalar(3))
  await expectNoLeak(() => {
    tf.tidy(() => {
      const { grads } = tf.variableGrads(() => {
        const pass = new ForwardPass({ mode: 'mean' })
        const layer = participant('a')
        const first = tf.tidy(() => pass.once(layer, 'square', () => w.square()).mul(2))
        return first.add(pass.once(layer, 'square', () => w.square())) as tf.Scalar
      }, [w])
      expectTensorsClose(grads[w.name]!, tf.scalar(18))
    })
  })
  w.dispose()
})

describe('passes that share', () => {
  const x = (): tf.Tensor2D => tf.randomNormal([5, 3], 0, 1, 'float32', 4)
  const model = (estimator: 'localReparameterization' | 'weightSampling' | 'flipout'): tf.LayersModel =>
    tf.sequential({
      layers: [
        variationalDense({ units: 4, inputShape: [3], activation: 'relu', initialSigma: 0.5, estimator, seed: 1 }),
        variationalDense({ units: 2, initialSigma: 0.5, estimator, seed: 2 }),
      ],
    })

  test.each(['localReparameterization', 'weightSampling', 'flipout'] as const)(
    'give the bits of passes by themselves, with %s',
    async (estimator) => {
      const network = model(estimator)
      await expectNoLeak(() => {
        tf.tidy(() => {
          const input = x()
          const noise = (draw: number) => seededNoise(3, draw)
          const apart = [0, 1, 2].map((draw) =>
            network.apply(input, { pass: new ForwardPass({ mode: 'sample', noise: noise(draw) }) }),
          ) as tf.Tensor[]
          const sharing = new ForwardPass({ mode: 'sample', noise: noise(0) })
          const first = network.apply(input, { pass: sharing }) as tf.Tensor
          const others = [1, 2].map((draw) =>
            network.apply(input, { pass: new ForwardPass({ mode: 'sample', noise: noise(draw), sharing }) }),
          ) as tf.Tensor[]
          for (const [i, y] of [first, ...others].entries()) expect(y.dataSync()).toEqual(apart[i]!.dataSync())
        })
      })
    },
  )

  test('compute the moments of the first layer once, and those of later ones for each draw', () => {
    tf.tidy(() => {
      const network = model('localReparameterization')
      const input = x()
      const products = variationalLayers(network).map(({ operator }) => vi.spyOn(operator as LinearOperator, 'apply'))
      let sharing: ForwardPass | undefined
      for (let draw = 0; draw < 4; draw++) {
        const pass = new ForwardPass({ mode: 'sample', noise: seededNoise(3, draw), ...(sharing && { sharing }) })
        network.apply(input, { pass })
        sharing ??= pass
      }
      expect(products.map(({ mock }) => mock.calls.length)).toEqual([2, 4 * 2])
    })
  })

  test('do not take the moments of one input for those of another', () => {
    tf.tidy(() => {
      const network = model('localReparameterization')
      const [a, b] = [x(), tf.mul(x(), 2)]
      const sharing = new ForwardPass({ mode: 'sample', noise: seededNoise(3, 0) })
      network.apply(a, { pass: sharing })
      const other = network.apply(b, {
        pass: new ForwardPass({ mode: 'sample', noise: seededNoise(3, 1), sharing }),
      }) as tf.Tensor
      const alone = network.apply(b, { pass: new ForwardPass({ mode: 'sample', noise: seededNoise(3, 1) }) }) as tf.Tensor
      expect(other.dataSync()).toEqual(alone.dataSync())
    })
  })
})

test('noise of outputs may be the same for all rows, that of weights may not', () => {
  tf.tidy(() => {
    const layer = variationalDense({ units: 2, inputShape: [3], initialSigma: 0.5, seed: 1 })
    const network = tf.sequential({ layers: [layer] })
    const rows = tf.tile(tf.randomNormal([1, 3], 0, 1, 'float32', 4), [4, 1])
    const own = tf.tensor2d([[0.3, -1.2]])
    const y = network.apply(rows, { pass: new ForwardPass({ mode: 'sample', noise: () => own }) }) as tf.Tensor
    const spread = network.apply(rows, {
      pass: new ForwardPass({ mode: 'sample', noise: () => tf.tile(own, [4, 1]) }),
    }) as tf.Tensor
    expectTensorsClose(y, spread, { absolute: 0 })
    const pass = new ForwardPass({ mode: 'sample', noise: () => tf.zeros([1, 2]) })
    expect(() => pass.sharedNoise(layer, 'kernel', [3, 2])).toThrow(/gave shape \[1,2\]; expected \[3,2\]/)
  })
})
