import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeEach, expect, test } from 'vitest'
import type { Experiment } from './experiment.ts'
import { PartStore } from './partStore.ts'

const experiment: Experiment = {
  name: 'tea',
  title: 'Tea',
  description: 'Tasted.',
  takes: 'minutes',
  seeds: 1,
  version: 1,
  plan: () => ({ settings: {}, configurations: [] }),
  run: async () => null,
  report: () => ({ lead: '', tables: [], figures: [], remarks: [] }),
}
const configuration = { name: 'milk-first', title: 'Milk first' }
const part = { configuration, seed: 4 }
const parent = mkdtempSync(join(tmpdir(), 'parts-'))
afterAll(() => rmSync(parent, { recursive: true }))

let folder: string
let store: PartStore
beforeEach(() => {
  folder = mkdtempSync(join(parent, 'run-'))
  store = new PartStore(folder, experiment, { cups: 8 })
  store.write({ ...part, result: { right: 6 }, seconds: 1.5 })
})

test('what was written is read', () => {
  expect(store.read(part)).toEqual({ ...part, result: { right: 6 }, seconds: 1.5 })
  expect(readdirSync(join(folder, 'parts'))).toEqual([expect.stringMatching(/^milk-first-seed-4-[0-9a-f]{10}\.json$/)])
})

test('a part of another seed, configuration, setting or version is not there', () => {
  expect(store.read({ ...part, seed: 5 })).toBeUndefined()
  expect(store.read({ seed: 4, configuration: { ...configuration, title: 'Milk last' } })).toBeUndefined()
  expect(new PartStore(folder, experiment, { cups: 9 }).read(part)).toBeUndefined()
  expect(new PartStore(folder, { ...experiment, version: 2 }, { cups: 8 }).read(part)).toBeUndefined()
})

test.each([
  ['cut short', (text: string) => text.slice(0, 40)],
  ['empty', () => ''],
  ['of another program', () => '{"format": "thesis"}'],
  ['null', () => 'null'],
])('a file that is %s is as good as none', (_, damage) => {
  const [file] = readdirSync(join(folder, 'parts'))
  const path = join(folder, 'parts', file!)
  writeFileSync(path, damage(readFileSync(path, 'utf8')))
  expect(store.read(part)).toBeUndefined()
})
