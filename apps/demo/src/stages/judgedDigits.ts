import type { Predictive } from '@tfjs-bayes/training'
import { CLASSES } from '../contestants.ts'
import { type Digits, imageAt } from '../mnist/mnist.ts'
import type { JudgedDigit } from '../run/evaluationFile.ts'

/**
 * One digit with what the network says about it.
 *
 * @param predictive of the rows of `digits`
 * @param row which
 * @param index its row in the test file
 */
export function judgedDigit(digits: Digits, predictive: Predictive, row: number, index: number = row): JudgedDigit {
  return {
    index,
    label: digits.labels[row]!,
    pixels: Buffer.from(imageAt(digits, row)).toString('base64'),
    probabilities: [...predictive.probabilities.dataSync().subarray(row * CLASSES, (row + 1) * CLASSES)],
    entropy: predictive.entropy.dataSync()[row]!,
    mutualInformation: predictive.mutualInformation.dataSync()[row]!,
  }
}

/**
 * The digits with the lowest and with the highest predictive entropy, the extreme ones first.
 *
 * Of the most certain at most one a class: they would all be of the same.
 */
export function extremeDigits(
  digits: Digits,
  predictive: Predictive,
  count: number,
): { readonly mostCertain: JudgedDigit[]; readonly leastCertain: JudgedDigit[] } {
  const entropy = predictive.entropy.dataSync()
  const rising = Array.from(entropy.keys()).sort((a, b) => entropy[a]! - entropy[b]!)
  const firstOfClass = new Map<number, number>()
  for (const row of rising) if (!firstOfClass.has(digits.labels[row]!)) firstOfClass.set(digits.labels[row]!, row)
  const judged = (rows: readonly number[]): JudgedDigit[] =>
    rows.slice(0, count).map((row) => judgedDigit(digits, predictive, row))
  return { mostCertain: judged([...firstOfClass.values()]), leastCertain: judged(rising.toReversed()) }
}
