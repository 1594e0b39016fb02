import type * as tf from '@tensorflow/tfjs'
import { errorRate, predictive } from '@tfjs-bayes/training'
import { IMAGE_PIXELS } from '../mnist/idx.ts'
import { type Digits, imageAt } from '../mnist/mnist.ts'
import { rotateImage } from '../mnist/rotateImage.ts'
import type { RotationStep } from '../run/evaluationFile.ts'
import { digitTensors } from './digitTensors.ts'
import { disposing } from './disposing.ts'
import { judgedDigit } from './judgedDigits.ts'
import { mean } from './score.ts'

/** From upright to upside down. */
const ANGLES: readonly number[] = Array.from({ length: 13 }, (_, i) => 15 * i)
/** Upside down it becomes another digit. */
const EXAMPLE_LABEL = 6

export interface RotationOptions {
  readonly samples: number
  readonly seed: number
  readonly signal: AbortSignal
  readonly onAngle?: (degrees: number) => void
}

/**
 * How the uncertainty of a network grows when digits are turned.
 *
 * @param bayesian asked for S draws
 * @param deterministic asked beside it, or null
 * @param digits upright test digits, from the first row of the test file on
 */
export async function rotation(
  bayesian: tf.LayersModel,
  deterministic: tf.LayersModel | null,
  digits: Digits,
  { samples, seed, signal, onAngle }: RotationOptions,
): Promise<RotationStep[]> {
  const example = Math.max(0, digits.labels.indexOf(EXAMPLE_LABEL))
  const steps: RotationStep[] = []
  for (const degrees of ANGLES) {
    onAngle?.(degrees)
    const turned = turnedDigits(digits, degrees)
    const step = await disposing(digitTensors(turned), async ({ x }) => {
      const deterministicEntropy =
        deterministic === null
          ? null
          : await disposing(await predictive(deterministic, x, { seed, signal }), async ({ entropy }) => mean(entropy.dataSync()))
      return disposing(await predictive(bayesian, x, { samples, seed, signal }), async (judged) => ({
        degrees,
        entropy: mean(judged.entropy.dataSync()),
        mutualInformation: mean(judged.mutualInformation.dataSync()),
        error: errorRate(judged.probabilities, digits.labels),
        deterministicEntropy,
        example: judgedDigit(turned, judged, example),
      }))
    })
    steps.push(step)
  }
  return steps
}

/** Digits turned counter-clockwise, in bytes again as a scanner would give them. */
function turnedDigits(digits: Digits, degrees: number): Digits {
  const images = new Uint8Array(digits.images.length)
  for (let row = 0; row < digits.count; row++)
    images.set(rotateImage(imageAt(digits, row), degrees).map(Math.round), row * IMAGE_PIXELS)
  return { ...digits, images }
}
