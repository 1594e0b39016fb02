import { type Numbers, numberList } from './numberList.ts'

/**
 * Root of the mean squared error, in the unit of the targets.
 *
 * @param predictions any shape
 * @param targets as many numbers
 * @returns 0 or more, in the unit of the targets
 * @throws ShapeMismatchError or NonFiniteDataError
 */
export function rmse(predictions: Numbers, targets: Numbers): number {
  const predicted = numberList('predictions', predictions)
  const target = numberList('targets', targets, predicted.length)
  let sum = 0
  for (let i = 0; i < predicted.length; i++) sum += (predicted[i]! - target[i]!) ** 2
  return Math.sqrt(sum / predicted.length)
}
