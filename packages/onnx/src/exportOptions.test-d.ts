import type { ExportOptions } from './exportOptions.ts'
import type { LoadOptions, Predictor } from './node.ts'

// What must compile.
export const good: readonly ExportOptions[] = [
  { mode: 'mean' },
  { mode: 'moments', likelihood: { name: 'gaussian', sigma: 0.1 } },
  { mode: 'localReparameterization', noise: 'graph', samples: 'input', seed: 3 },
  { mode: 'localReparameterization', noise: 'input', samples: 3, opset: 18, cuda: 'optional' },
  { mode: 'localReparameterization', noise: 'baked', draws: 'stratified', seed: 1 },
  { mode: 'weightSampling', samples: 8 },
]

// What must not.
export const bad: readonly ExportOptions[] = [
  // @ts-expect-error the noise has to be chosen
  { mode: 'localReparameterization' },
  // @ts-expect-error fed noise tells the number of draws itself
  { mode: 'localReparameterization', noise: 'input', samples: 'input' },
  // @ts-expect-error stored draws are as many as the file has
  { mode: 'weightSampling', samples: 'input' },
  // @ts-expect-error fed noise is the caller's
  { mode: 'localReparameterization', noise: 'input', seed: 3 },
  // @ts-expect-error a mean makes no draws
  { mode: 'mean', samples: 3 },
  // @ts-expect-error a normal distribution needs its sigma
  { mode: 'mean', likelihood: { name: 'gaussian' } },
  // @ts-expect-error no such kind of draws
  { mode: 'weightSampling', draws: 'sobol' },
]

export const otherGood: readonly ExportOptions[] = [
  { mode: 'mean', outputs: ['probabilities'] },
  { mode: 'moments', likelihood: { name: 'heteroscedasticGaussian' }, outputs: ['quantiles'], quantiles: [0.5] },
  // @ts-expect-error no such output
  { mode: 'mean', outputs: ['certainty'] },
]

// The outputs that a predictor was loaded for are there for certain.
export function chosen(
  classifier: Predictor<'categorical', 'variance' | 'samples'>,
  regression: Predictor<'gaussian', 'quantiles'>,
  x: Float32Array,
): readonly unknown[] {
  return [
    classifier.predict(x).then(({ variance, samples }) => variance.length + samples.length),
    // @ts-expect-error perhaps the file has none
    classifier.predict(x).then(({ probabilities }) => probabilities.length),
    regression.predict(x).then(({ quantiles, levels }) => [quantiles.length, levels?.length]),
  ]
}

// The likelihood that a predictor is loaded for is the prediction that it gives.
export function predictions(
  classifier: Predictor<'categorical'>,
  regression: Predictor<'gaussian'>,
  x: Float32Array,
): readonly unknown[] {
  return [
    classifier.predict(x).then(({ probabilities }) => probabilities),
    regression.predict(x).then(({ mean }) => mean),
    // @ts-expect-error a regression has no probabilities
    regression.predict(x).then(({ probabilities }) => probabilities),
  ]
}

// @ts-expect-error onnxruntime-node has no WebGPU provider here
export const provider: LoadOptions<'cuda' | 'cpu'> = { providers: ['webgpu'] }
