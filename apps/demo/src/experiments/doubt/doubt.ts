import type * as tf from '@tensorflow/tfjs'
import { auroc, errorRate, type Predictive, predictive } from '@tfjs-bayes/training'
import { IMAGE_PIXELS } from '../../mnist/idx.ts'
import { loadMnistTest, packagedDataFolder } from '../../mnist/mnist.ts'
import { rotateImage } from '../../mnist/rotateImage.ts'
import { disposing } from '../../stages/disposing.ts'
import { mean } from '../../stages/score.ts'
import { statusLine } from '../../stages/stage.ts'
import type { Experiment, PartContext } from '../framework/experiment.ts'
import {
  FULL_DIGITS,
  TINY_DIGITS,
  TINY_TRAINING,
  WARM_TRAINING,
  WIDE_START,
  withTrainedDigits,
} from '../shared/digitExperiment.ts'
import { digitSet } from '../shared/digits.ts'
import { randomIntegers } from '../shared/randomIntegers.ts'
import { OUTSIDERS, type Outsider } from './outsiders.ts'
import type { Doubt, DoubtConfiguration, DoubtResult, DoubtSettings, Outsiders, TurnedDoubt } from './parts.ts'
import { doubtReport } from './report.ts'

const ANGLES = Array.from({ length: 13 }, (_, i) => 15 * i)
const FULL: DoubtSettings = { ...FULL_DIGITS, angles: ANGLES, rows: 1000, draws: 50 }
const TINY: DoubtSettings = { ...TINY_DIGITS, angles: [0, 90, 180], rows: 16, draws: 3 }

/** Uncertainty on turned digits, and on images that are no digits. */
export const doubt: Experiment<DoubtConfiguration, DoubtResult, DoubtSettings> = {
  name: 'doubt',
  title: 'Does it know what it does not know?',
  description:
    'Test digits are turned in steps, and networks that never saw a turned digit say how sure they are: the entropy of the prediction, and its split into what is ' +
    'in the digit and what is in the weights. Then images that are no digits (shuffled pixels, noise) are to be told from digits by their uncertainty alone.',
  takes: 'about ten minutes a seed on two cores',
  seeds: 3,
  version: 1,

  plan(size) {
    const training = size === 'full' ? WARM_TRAINING : TINY_TRAINING
    const plain = { ...training, heldEpochs: 0, heldBeta: 1 }
    return {
      settings: { ...(size === 'full' ? FULL : TINY) },
      configurations: [
        { name: 'lrt', title: 'Local reparameterization', bayesian: WIDE_START, training },
        {
          name: 'lrt-learned',
          title: 'Local reparameterization, scale learned',
          bayesian: { ...WIDE_START, learnPriorScale: true },
          training,
        },
        { name: 'deterministic', title: 'Deterministic', bayesian: null, training: plain },
      ],
    }
  },

  async run({ configuration, seed }, settings, context) {
    const { trained, inspected } = await withTrainedDigits(configuration, settings, seed, context, (model) =>
      doubts(model, settings, seed, context),
    )
    return { trained, ...inspected }
  },

  report(parts, settings) {
    return doubtReport(parts, settings)
  },
}

async function doubts(
  model: tf.LayersModel,
  { angles, rows, draws, testRows }: DoubtSettings,
  seed: number,
  { dataFolder, progress, signal }: PartContext,
): Promise<Omit<DoubtResult, 'trained'>> {
  const status = statusLine(progress)
  const digits = loadMnistTest(dataFolder ?? packagedDataFolder(), Math.min(rows, testRows))
  const ask = <T>(images: Uint8Array, use: (prediction: Predictive) => T): Promise<T> =>
    disposing(digitSet({ ...digits, images }), async ({ x }) =>
      disposing(await predictive(model, x, { seed, samples: draws, signal }), async (prediction) => use(prediction)),
    )
  const rotation: TurnedDoubt[] = []
  for (const degrees of angles) {
    status.update(`Turned by ${degrees} degrees`)
    const images = mapImages(digits.images, (image) => rotateImage(image, degrees).map(Math.round))
    rotation.push(
      await ask(images, (prediction) => ({
        degrees,
        ...doubtOf(prediction),
        error: errorRate(prediction.probabilities, digits.labels),
      })),
    )
  }
  const images: Record<Outsider, Uint8Array> = {
    'shuffled pixels': shuffledPixels(digits.images, seed),
    'uniform noise': Uint8Array.from(randomIntegers(digits.images.length, 256, seed)),
    'digits turned by 90°': mapImages(digits.images, (image) => rotateImage(image, 90)),
  }
  const known = await ask(digits.images, signals)
  const outsiders: Outsiders[] = []
  for (const kind of OUTSIDERS) {
    status.update(`Outsiders: ${kind}`)
    outsiders.push(
      await ask(images[kind], (prediction) => {
        const outside = signals(prediction)
        return {
          kind,
          ...doubtOf(prediction),
          aurocEntropy: auroc([...known.entropy, ...outside.entropy], labelled(known.entropy, outside.entropy)),
          aurocMutualInformation:
            prediction.samples > 1
              ? auroc(
                  [...known.mutualInformation, ...outside.mutualInformation],
                  labelled(known.mutualInformation, outside.mutualInformation),
                )
              : null,
        }
      }),
    )
  }
  status.clear()
  return { rotation, outsiders }
}

const doubtOf = ({ entropy, expectedEntropy, mutualInformation }: Predictive): Doubt => ({
  entropy: mean(entropy.dataSync()),
  expectedEntropy: mean(expectedEntropy.dataSync()),
  mutualInformation: mean(mutualInformation.dataSync()),
})

const signals = ({ entropy, mutualInformation }: Predictive): { entropy: Float32Array; mutualInformation: Float32Array } => ({
  entropy: Float32Array.from(entropy.dataSync()),
  mutualInformation: Float32Array.from(mutualInformation.dataSync()),
})

/** 0 for the digits, 1 for the outsiders. */
const labelled = (known: ArrayLike<number>, outside: ArrayLike<number>): number[] => [
  ...Array.from({ length: known.length }, () => 0),
  ...Array.from({ length: outside.length }, () => 1),
]

function mapImages(images: Uint8Array, map: (image: Uint8Array) => ArrayLike<number>): Uint8Array {
  const mapped = new Uint8Array(images.length)
  for (let start = 0; start < images.length; start += IMAGE_PIXELS)
    mapped.set(map(images.subarray(start, start + IMAGE_PIXELS)), start)
  return mapped
}

/** Each image with its pixels in an order of its own: the same ink, no digit. */
function shuffledPixels(images: Uint8Array, seed: number): Uint8Array {
  const numbers = randomIntegers(images.length, 1 << 24, seed)
  let start = -IMAGE_PIXELS
  return mapImages(images, (image) => {
    start += IMAGE_PIXELS
    const order = Array.from(image.keys()).sort((a, b) => numbers[start + a]! - numbers[start + b]!)
    return order.map((place) => image[place]!)
  })
}
