import { CONTESTANTS, DETERMINISTIC, LRT } from '../src/contestants.ts'
import { imageAt, loadMnistTest, packagedDataFolder } from '../src/mnist/mnist.ts'
import { rotateImage } from '../src/mnist/rotateImage.ts'
import type { EvaluationFile, JudgedDigit, Score } from '../src/run/evaluationFile.ts'
import { hashOf, type RunFiles } from '../src/run/runFolder.ts'
import { chooseSettings } from '../src/settings.ts'

/** The files of a run that never happened: numbers of the right size, real digits. For tests of what is made from them. */
export function sampleRun(): RunFiles {
  const { settings } = chooseSettings('tensorflow', {})
  const epochs = (final: number, kl: number): RunFiles['training']['models'][number]['epochs'] =>
    Array.from({ length: settings.epochs }, (_, i) => {
      const nll = final + 0.5 / (i + 1) ** 2
      const klPerExample = kl * (1 + 8 / (i + 1) ** 1.5)
      return {
        epoch: i + 1,
        nll,
        klPerExample,
        elbo: -(nll + klPerExample),
        seconds: 4,
        validation: { elbo: -(nll * 1.05 + klPerExample), nll: nll * 1.05, error: 0.03 },
      }
    })
  return {
    run: {
      settings,
      dataFolder: null,
      backend: { name: 'tensorflow', message: 'native backend (tfjs-node over libtensorflow)' },
      reduced: null,
      machine: { cpu: 'Abacus 3000', cores: 2, platform: 'linux x64' },
      versions: { node: '20.20.2', '@tensorflow/tfjs': '4.22.0' },
    },
    training: {
      models: CONTESTANTS.map(({ name }, i) => ({
        name,
        keptEpoch: settings.epochs,
        stopped: 'finished',
        parameters: name === DETERMINISTIC ? 478_410 : 956_820,
        epochs: name === DETERMINISTIC ? epochs(0.02, 0) : epochs(0.2 - 0.01 * i, 0.4 - 0.05 * i),
        sha256: hashOf(Uint8Array.of(i)),
      })),
    },
    evaluation: sampleEvaluation(settings.samples),
    export: {
      model: LRT,
      files: (['mean', 'noiseInput', 'noiseGraph'] as const).map((kind, i) => ({
        kind,
        file: `onnx/${kind}.onnx`,
        bytes: 1_900_000 * (i === 0 ? 1 : 2),
        sha256: hashOf(Uint8Array.of(10 + i)),
      })),
    },
    prediction: {
      provider: 'cpu',
      scores: [
        {
          kind: 'mean',
          rows: 10_000,
          samples: null,
          error: 0.0331,
          nll: 0.107,
          entropy: 0.12,
          mutualInformation: null,
          seconds: 0.2,
          largestDifference: 3.2e-7,
        },
        {
          kind: 'noiseInput',
          rows: 100,
          samples: 100,
          error: 0.01,
          nll: 0.09,
          entropy: 0.25,
          mutualInformation: 0.05,
          seconds: 0.4,
          largestDifference: 6.1e-7,
        },
        {
          kind: 'noiseGraph',
          rows: 10_000,
          samples: 100,
          error: 0.033,
          nll: 0.13,
          entropy: 0.27,
          mutualInformation: 0.06,
          seconds: 31,
          largestDifference: null,
        },
      ],
    },
  }
}

function sampleEvaluation(samples: number): EvaluationFile {
  const score = (error: number, nll: number, ece: number, sign: number, draws: boolean): Score => ({
    error,
    nll,
    ece,
    overconfidence: sign * ece,
    entropy: nll * 2,
    mutualInformation: draws ? nll / 3 : null,
    bins: Array.from({ length: 15 }, (_, i) => {
      const confidence = (i + 0.5) / 15
      return {
        lower: i / 15,
        upper: (i + 1) / 15,
        count: i < 3 ? 0 : Math.round(3 * 1.72 ** i),
        confidence,
        accuracy: Math.min(1, confidence - sign * 3 * ece * (1 - confidence)),
      }
    }),
  })
  const test = loadMnistTest(packagedDataFolder(), 200)
  const judged = (index: number, certain: boolean, pixels: Uint8Array = imageAt(test, index)): JudgedDigit => {
    const label = test.labels[index]!
    const probabilities = Array<number>(10).fill(certain ? 0.0001 : 0.03)
    probabilities[label] = certain ? 0.9991 : 0.4
    if (!certain) probabilities[(label + 5) % 10] = 0.36
    return {
      index,
      label,
      pixels: Buffer.from(pixels).toString('base64'),
      probabilities,
      entropy: certain ? 0.01 : 1.5,
      mutualInformation: certain ? 0.001 : 0.5,
    }
  }
  return {
    samples,
    models: CONTESTANTS.map(({ name }, i) => ({
      name,
      keptEpoch: 10,
      secondsPerEpoch: name === DETERMINISTIC ? 2 : 4.4 + i / 10,
      train: { elbo: -0.5 + 0.05 * i, nll: 0.16, klPerExample: name === DETERMINISTIC ? 0 : 0.36 - 0.05 * i },
      validation: { elbo: -0.52 + 0.05 * i, nll: 0.17, klPerExample: name === DETERMINISTIC ? 0 : 0.36 - 0.05 * i },
      test: name === DETERMINISTIC ? score(0.0182, 0.0928, 0.0126, 1, false) : score(0.0324 + i / 1000, 0.126, 0.0384, -1, true),
      testAtMean: name === DETERMINISTIC ? null : score(0.0298, 0.0966, 0.004, 1, false),
    })),
    gradientVarianceAt: LRT,
    gradientVariance: CONTESTANTS.filter((contestant) => contestant.estimation !== null).map(({ name }) => ({
      name,
      layers: [1, 2, 3].map((layer) => ({
        layer: `dense_${layer}`,
        mu: (name === LRT ? 4e-7 : 9.7e-7) * 5 ** layer,
        rho: (name === LRT ? 3.7e-11 : 6.6e-9) * 5 ** layer,
      })),
    })),
    judgedBy: LRT,
    mostCertain: [0, 1, 2, 3, 4, 5].map((index) => judged(index, true)),
    leastCertain: [8, 18, 33, 92, 104, 115].map((index) => judged(index, false)),
    rotation: Array.from({ length: 13 }, (_, i) => ({
      degrees: 15 * i,
      entropy: 0.25 + 1.2 * Math.sin((i * Math.PI) / 14) ** 2,
      mutualInformation: 0.06 + 0.5 * Math.sin((i * Math.PI) / 14) ** 2,
      error: 0.03 + 0.8 * Math.sin((i * Math.PI) / 18) ** 2,
      deterministicEntropy: 0.05 + 0.3 * Math.sin((i * Math.PI) / 14) ** 2,
      example: judged(0, i < 3, Uint8Array.from(rotateImage(imageAt(test, 0), 15 * i), Math.round)),
    })),
  }
}
