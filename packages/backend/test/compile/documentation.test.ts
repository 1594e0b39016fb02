import { readFile } from 'node:fs/promises'
import * as tf from '@tensorflow/tfjs'
import ts from 'typescript'
import { expect, test, vi } from 'vitest'
import * as compileEntry from '../../src/compile/index.ts'
import * as backend from '../../src/index.ts'
import { nativeTest } from './nativeTest.ts'

const page = await readFile(new URL('../../../../docs/compile.md', import.meta.url), 'utf8')

nativeTest('the example of docs/compile.md runs and prints what its comment says', () => {
  const source = /```ts\n([\s\S]*?)```/.exec(page)![1]!
  const modules: Record<string, unknown> = {
    '@tensorflow/tfjs': tf,
    '@tfjs-bayes/backend': backend,
    '@tfjs-bayes/backend/compile': compileEntry,
  }
  const body = source.replace(
    /^import (\* as )?(.*) from '(.*)'$/gm,
    (_, __, names: string, from: string) => `const ${names} = modules[${JSON.stringify(from)}]`,
  )
  const { outputText } = ts.transpileModule(`${body}\nreturn weights`, { compilerOptions: { target: ts.ScriptTarget.ES2022 } })
  const log = vi.spyOn(console, 'log').mockImplementation(() => undefined)
  const weights = (new Function('modules', outputText) as (given: typeof modules) => tf.Tensor)(modules)
  expect(log).toHaveBeenCalledWith(Number(/graphCalls\) \/\/ (\d+)/.exec(source)![1]))
  log.mockRestore()
  for (const weight of weights.dataSync()) expect(Math.abs(weight - 1)).toBeLessThan(0.05)
})

test('docs/compile.md explains each reason to stay eager', async () => {
  const source = await readFile(new URL('../../src/compile/fallbackReason.ts', import.meta.url), 'utf8')
  const codes = [...source.matchAll(/\| '([a-z-]+)'/g)].map(([, code]) => code)
  const explained = [...page.matchAll(/^\| `([a-z-]+)` /gm)].map(([, code]) => code)
  expect(explained).toEqual(codes)
})
