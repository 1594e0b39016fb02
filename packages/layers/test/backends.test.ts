import * as tf from '@tensorflow/tfjs'
import { useCpuBackend } from '@tfjs-bayes/backend/cpu'
import { useWasmBackend } from '@tfjs-bayes/backend/wasm'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type EstimatorName, ForwardPass, seededNoise, type VariationalLayer } from '../src/index.ts'
import { inputOf, type LayerCase, layerCases } from './operatorCases.ts'
import { type Values, valuesOf } from './values.ts'

/*
 * The backends beside each other, in one process; `pnpm test:backends` runs all tests of this package on each of them.
 */

/** The backend that the tests run on, and the two that run everywhere. */
const backends: Readonly<Record<string, () => Promise<void>>> = {
  [tf.getBackend()]: async () => {},
  wasm: useWasmBackend,
  cpu: useCpuBackend,
}
const first = tf.getBackend()
/** Milliseconds: some seconds of work, on a machine that is busy with other tests. */
const PATIENCE = 400_000
const estimators = ['localReparameterization', 'weightSampling', 'flipout'] as const
const pairs = layerCases.flatMap((layerCase) =>
  estimators
    .filter((estimator) => !(layerCase.takesIndices && estimator === 'flipout'))
    .map((estimator) => ({ title: `${layerCase.title} x ${estimator}`, layerCase, estimator })),
)

/** What a layer gives on one backend, in plain numbers. */
interface Outcome {
  readonly weights: readonly Values[]
  readonly noise: Values
  readonly y: Values
  readonly kl: Values
  /** By mu and rho, in the order of the weights; the reason where the backend cannot. */
  readonly gradients: readonly Values[] | string
}

const outcomes: Record<string, Record<string, Outcome>> = {}

beforeAll(async () => {
  for (const [backend, use] of Object.entries(backends)) {
    await use()
    await tf.setBackend(backend)
    outcomes[backend] = Object.fromEntries(
      pairs.map(({ title, layerCase, estimator }) => [title, outcomeOf(layerCase, estimator)]),
    )
  }
}, PATIENCE)

afterAll(async () => {
  await tf.setBackend(first)
})

function outcomeOf(layerCase: LayerCase, estimator: EstimatorName): Outcome {
  let outcome: Outcome | undefined
  tf.tidy(() => {
    const x = inputOf(layerCase, 3, 1)
    const layer = layerCase.make({ estimator, seed: 3, initialSigma: 0.3 })
    const run = (): { y: tf.Tensor; kl: tf.Scalar } => {
      const pass = new ForwardPass({ mode: 'sample', noise: seededNoise(5, 2) })
      return { y: layer.apply(x, { pass }) as tf.Tensor, kl: pass.kl() }
    }
    const { y, kl } = run()
    const again = run()
    expect(again.y.dataSync(), 'the same seed gives the same bits').toEqual(y.dataSync())
    expect(again.kl.dataSync()).toEqual(kl.dataSync())
    outcome = {
      weights: layer.getWeights().map(valuesOf),
      noise: valuesOf(seededNoise(5, 2)([4, 3], 1)),
      y: valuesOf(y),
      kl: valuesOf(kl),
      gradients: gradientsOf(layer, () => {
        const each = run()
        return each.y.square().sum().add(each.kl) as tf.Scalar
      }),
    }
  })
  return outcome!
}

function gradientsOf(layer: VariationalLayer, loss: () => tf.Scalar): readonly Values[] | string {
  const variables = layer.weights.map((weight) => weight.read() as tf.Variable)
  try {
    const { grads } = tf.variableGrads(loss, variables)
    return variables.map(({ name }) => valuesOf(grads[name]!))
  } catch (error) {
    return error instanceof Error ? error.message : String(error)
  }
}

function expectClose(actual: Values, expected: Values, what: string): void {
  expect(actual.shape, what).toEqual(expected.shape)
  actual.data.forEach((value, i) => {
    const wanted = expected.data[i]!
    expect(Math.abs(value - wanted), `${what}: entry ${i} is ${value}, on cpu ${wanted}`).toBeLessThan(
      1e-4 * (1 + Math.abs(wanted)),
    )
  })
}

describe.each(Object.keys(backends).filter((backend) => backend !== 'cpu'))('%s beside cpu', (backend) => {
  test.each(pairs)('$title: the same weights, noise, draw and KL of a seed, up to rounding', ({ title }) => {
    const [ours, cpu] = [outcomes[backend]![title]!, outcomes['cpu']![title]!]
    ours.weights.forEach((weight, i) => {
      expectClose(weight, cpu.weights[i]!, `weight ${i}`)
    })
    expectClose(ours.noise, cpu.noise, 'noise')
    expectClose(ours.y, cpu.y, 'draw')
    expectClose(ours.kl, cpu.kl, 'KL')
  })

  test.each(pairs)('$title: the same gradients, or the word that there are none', ({ title }) => {
    const [ours, cpu] = [outcomes[backend]![title]!.gradients, outcomes['cpu']![title]!.gradients]
    if (backend === 'wasm' && !title.startsWith('dense')) {
      // tfjs's WebAssembly backend has no kernels for the gradients of convolutions and look-ups by their weights.
      expect(ours).toMatch(/Kernel '(.*BackpropFilter|UnsortedSegmentSum)' not registered for backend 'wasm'/)
      return
    }
    expect(typeof cpu).toBe('object')
    ;(cpu as readonly Values[]).forEach((gradient, i) => {
      expectClose((ours as readonly Values[])[i]!, gradient, `gradient ${i}`)
    })
  })
})
