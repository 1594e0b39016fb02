import { UndefinedMetricError } from '../errors.ts'
import { flagList, type Numbers, numberList } from './numberList.ts'

/** Entries that have the same score, from the highest score down. */
export interface TiedGroup {
  readonly positives: number
  readonly negatives: number
}

/** Sorts scores, the highest first, and counts positives and negatives of each group that ties; refuses lists that hold only one of the two. */
export function rankedGroups(scores: Numbers, positive: Numbers | readonly boolean[]): TiedGroup[] {
  const score = numberList('scores', scores)
  const flag = flagList('positive', positive, score.length)
  const order = Array.from({ length: score.length }, (_, i) => i).sort((a, b) => score[b]! - score[a]!)
  const groups: { positives: number; negatives: number }[] = []
  order.forEach((index, place) => {
    if (place === 0 || score[index] !== score[order[place - 1]!]) groups.push({ positives: 0, negatives: 0 })
    const group = groups.at(-1)!
    if (flag[index] === 1) group.positives++
    else group.negatives++
  })
  const positives = groups.reduce((sum, group) => sum + group.positives, 0)
  if (positives === 0 || positives === score.length) {
    throw new UndefinedMetricError(
      `All ${score.length} entries are ${positives === 0 ? 'negative' : 'positive'}: there is nothing to tell apart.`,
    )
  }
  return groups
}
