import { type VariationalLayer, variationalLayers } from '@tfjs-bayes/layers'
import { expect, test } from 'vitest'
import { type Architecture, type BayesianChoice, buildNetwork } from './network.ts'

const BAYESIAN: BayesianChoice = {
  estimator: 'weightSampling',
  kl: 'monteCarlo',
  prior: { family: 'mixture', wide: 0.25, sigmas: [0.1, 0.01] },
  learnPriorScale: true,
  initialSigma: 0.02,
}
const ARCHITECTURES: Architecture[] = [
  { kind: 'dense', hidden: [7, 5] },
  { kind: 'convolutional', filters: [3, 4], hidden: [6] },
]

test.each(ARCHITECTURES)('$kind: Bayesian and deterministic networks start from the same means', (architecture) => {
  const bayesian = buildNetwork(architecture, BAYESIAN, 3)
  const plain = buildNetwork(architecture, null, 3)
  const means = variationalLayers(bayesian).map((layer) => [...layer.kernelMu.read().dataSync()])
  const kernels = plain.layers.flatMap((layer) => layer.getWeights().slice(0, 1)).map((weight) => [...weight.dataSync()])
  expect(means).toEqual(kernels)
  expect(new Set(means.map(([first]) => first)).size).toBe(means.length)
  expect(bayesian.outputs[0]!.shape).toEqual([null, 10])
  for (const layer of variationalLayers(bayesian) as VariationalLayer[]) {
    expect(layer).toMatchObject({ estimator: 'weightSampling', klMethod: 'monteCarlo', trainablePrior: true, initialSigma: 0.02 })
    expect(layer.prior.family).toBe('normalScaleMixture')
  }
  bayesian.dispose()
  plain.dispose()
})

test('another seed gives other weights', () => {
  const [one, two] = [1, 2].map((seed) => buildNetwork(ARCHITECTURES[0]!, BAYESIAN, seed))
  expect(one!.getWeights()[0]!.dataSync()).not.toEqual(two!.getWeights()[0]!.dataSync())
  one!.dispose()
  two!.dispose()
})
