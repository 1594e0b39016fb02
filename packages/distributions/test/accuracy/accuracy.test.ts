import { readFileSync, writeFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { referenceFamilies } from '../referenceFamilies.ts'
import { type Accuracy, measureAccuracy } from './measureAccuracy.ts'

// The stated errors are the largest of all three backends, with 30 % on top for other machines, rounded up to one digit. `npm run accuracy` measures them anew: it empties the
// file, then runs this test on each backend with UPDATE_ACCURACY=1.

const file = new URL('./accuracy.json', import.meta.url)
const stated = JSON.parse(readFileSync(file, 'utf8')) as Record<string, Accuracy>
const update = process.env['UPDATE_ACCURACY'] === '1'

test.each(referenceFamilies)('%s is as accurate as stated, in both tails and over all scales', (family) => {
  const measured = measureAccuracy(family)
  if (update) {
    stated[family] = Object.fromEntries(
      Object.entries(measured).map(([quantity, error]) => [
        quantity,
        Math.max(roundUp(1.3 * error), stated[family]?.[quantity as keyof Accuracy] ?? 0),
      ]),
    )
    writeFileSync(file, `${JSON.stringify(stated, null, 2)}\n`)
  }
  for (const [quantity, error] of Object.entries(measured)) {
    expect(error, `${quantity} of ${family}`).toBeLessThanOrEqual(stated[family]?.[quantity as keyof Accuracy] ?? 0)
  }
  expect(Object.keys(measured).sort()).toEqual(Object.keys(stated[family] ?? {}).sort())
})

function roundUp(error: number): number {
  if (error === 0) return 0
  const unit = 10 ** Math.floor(Math.log10(error))
  return Number((Math.ceil(error / unit) * unit).toPrecision(1))
}
