import { readFile } from 'node:fs/promises'
import type * as tf from '@tensorflow/tfjs'
import { expect, test, vi } from 'vitest'
import { exampleOf, runExample } from './runExample.ts'

const read = (path: string): Promise<string> => readFile(new URL(path, import.meta.url), 'utf8')

test('the README’s example runs', async () => {
  const spread = await runExample<tf.Tensor>(exampleOf(await read('../README.md')), 'spread')
  expect(spread.shape).toEqual([64, 1])
  expect(spread.min().dataSync()[0]).toBeGreaterThan(0)
})

test('the examples of docs/layers.md run and print what their comments say', async () => {
  const source = exampleOf(await read('../../../docs/layers.md'))
  const promised = [...source.matchAll(/^console\.log\(.*\) \/\/ (.*)$/gm)].map(([, value]) => JSON.parse(value!) as unknown)
  const log = vi.spyOn(console, 'log').mockImplementation(() => undefined)
  await runExample(source, 'undefined')
  const printed = log.mock.calls.map(([value]) => value as unknown)
  log.mockRestore()
  expect(promised.length).toBeGreaterThan(4)
  expect(printed).toEqual(promised)
})
