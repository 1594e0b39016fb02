import { readFile } from 'node:fs/promises'
import * as tf from '@tensorflow/tfjs'
import * as backend from '@tfjs-bayes/backend'
import ts from 'typescript'
import { expect, test } from 'vitest'
import * as distributions from '../src/index.ts'

test('the README’s example runs, and its estimate is the divergence within five standard errors', async () => {
  const readme = await readFile(new URL('../README.md', import.meta.url), 'utf8')
  const source = /```ts\n([\s\S]*?)```/.exec(readme)![1]!
  const modules: Record<string, unknown> = {
    '@tensorflow/tfjs': tf,
    '@tfjs-bayes/backend': backend,
    '@tfjs-bayes/distributions': distributions,
  }
  const body = source.replace(
    /^import (\* as )?(.*) from '(.*)'$/gm,
    (_, __, names: string, from: string) => `const ${names} = modules[${JSON.stringify(from)}]`,
  )
  const { outputText } = ts.transpileModule(`${body}\nreturn { exact, estimate }`, {
    compilerOptions: { target: ts.ScriptTarget.ES2022 },
  })
  const run = new Function('modules', outputText.replace(/^export \{\};?$/m, '')) as (given: typeof modules) => {
    exact: distributions.KlResult
    estimate: distributions.KlResult
  }
  const { exact, estimate } = run(modules)
  expect([exact.method, estimate.method]).toEqual(['closed', 'monteCarlo'])
  const [found, expected, error] = [estimate.value, exact.value, estimate.error!].map((tensor) => tensor.dataSync())
  for (let i = 0; i < 2; i++) expect(Math.abs(found![i]! - expected![i]!)).toBeLessThan(5 * error![i]!)
})
