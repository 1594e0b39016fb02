import * as tf from '@tensorflow/tfjs'
import {
  type EstimatorName,
  ForwardPass,
  type KlMethod,
  seededNoise,
  type VariationalDenseArgs,
  variationalDense,
} from '@tfjs-bayes/layers'
import { expectNoLeak, finiteDifference } from '@tfjs-bayes/testing'
import { describe, expect, test } from 'vitest'
import { negativeElbo } from '../elbo/negativeElbo.ts'
import { categorical } from '../likelihoods/categorical.ts'
import { adam } from '../optimizers/adam.ts'
import { sgd } from '../optimizers/sgd.ts'
import { trainableVariables, trainingStep } from './trainingStep.ts'

const likelihood = categorical()
const datasetSize = 40
const beta = 0.5

function network(estimator: EstimatorName, kl: KlMethod): tf.LayersModel {
  const args = { initialSigma: 0.3, estimator, kl }
  return tf.sequential({
    layers: [
      variationalDense({ ...args, units: 4, inputShape: [3], activation: 'tanh', seed: 1 } as VariationalDenseArgs),
      variationalDense({ ...args, units: 3, seed: 2 } as VariationalDenseArgs),
    ],
  })
}

describe.each([
  ['localReparameterization', 'closed'],
  ['weightSampling', 'closed'],
  ['weightSampling', 'monteCarlo'],
] as const)('%s, KL %s', (estimator, kl) => {
  test('gradient descent moves every variable by the finite differences of NLL + beta KL / N under the same noise', async () => {
    await expectNoLeak(() => {
      const model = network(estimator, kl)
      const x = tf.randomNormal([5, 3], 0, 1, 'float32', 3)
      const y = tf.tensor1d([0, 1, 2, 1, 0], 'int32')
      const variables = model.trainableWeights.map((weight) => weight.read() as tf.Variable)
      const loss = (): tf.Scalar => {
        const pass = new ForwardPass({ mode: 'sample', noise: seededNoise(7, 4) })
        const outputs = model.apply(x, { pass, training: true }) as tf.Tensor
        const nll = tf.neg(tf.mean(likelihood.logLikelihood(outputs, y))) as tf.Scalar
        return negativeElbo({ nll, kl: pass.kl(), datasetSize, beta })
      }
      const before = variables.map((variable) => variable.dataSync().slice())
      const slopes = variables.map((variable) => {
        const at = (value: tf.Tensor): tf.Tensor => {
          const start = variable.clone()
          variable.assign(value)
          const result = tf.tidy(loss)
          variable.assign(start)
          start.dispose()
          return result
        }
        return finiteDifference(at, variable)
      })
      const optimizer = sgd().start(variables)
      const step = trainingStep({ model, likelihood, variables, optimizer, datasetSize, samples: 1, seed: 7 })
      const scalars = [tf.scalar(4, 'int32'), tf.scalar(beta), tf.scalar(1)] as const
      const { nll, kl: klScalar } = step(x, y, ...scalars)
      variables.forEach((variable, i) => {
        variable.dataSync().forEach((value, entry) => {
          expect(Math.abs(before[i]![entry]! - value - slopes[i]![entry]!)).toBeLessThan(2e-4)
        })
      })
      expect(nll.dataSync()[0]).toBeGreaterThan(0)
      tf.dispose([nll, klScalar, ...scalars, x, y])
      model.dispose()
      optimizer.dispose()
    })
  })
})

test('an optimizer of tfjs can take the step too, without a learning rate', async () => {
  await expectNoLeak(() => {
    const [ours, theirs] = [network('localReparameterization', 'closed'), network('localReparameterization', 'closed')]
    const [own, reference] = [adam().start(trainableVariables(ours)), tf.train.adam(0.01)]
    const options = { likelihood, datasetSize, samples: 1, seed: 7 }
    const steps = [
      trainingStep({ ...options, model: ours, optimizer: own }),
      trainingStep({ ...options, model: theirs, optimizer: reference }),
    ] as const
    for (let t = 0; t < 3; t++) {
      tf.tidy(() => {
        const x = tf.randomNormal([5, 3], 0, 1, 'float32', t + 1)
        const y = tf.tensor1d([0, 1, 2, 1, 0], 'int32')
        tf.dispose(steps[0](x, y, tf.scalar(t, 'int32'), tf.scalar(1), tf.scalar(0.01)))
        tf.dispose(steps[1](x, y, tf.scalar(t, 'int32'), tf.scalar(1)))
      })
    }
    const values = (model: tf.LayersModel): number[] => model.getWeights().flatMap((weight) => [...weight.dataSync()])
    // Theirs rounds the bias corrections otherwise (optimizers.test.ts).
    values(ours).forEach((value, i) => {
      expect(Math.abs(value - values(theirs)[i]!)).toBeLessThan(1e-6)
    })
    ours.dispose()
    theirs.dispose()
    own.dispose()
    reference.dispose()
  })
})
