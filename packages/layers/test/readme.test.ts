import { readFile } from 'node:fs/promises'
import * as tf from '@tensorflow/tfjs'
import * as distributions from '@tfjs-bayes/distributions'
import ts from 'typescript'
import { expect, test } from 'vitest'
import * as layers from '../src/index.ts'

test('the README’s example runs', async () => {
  const readme = await readFile(new URL('../README.md', import.meta.url), 'utf8')
  const source = /```ts\n([\s\S]*?)```/.exec(readme)![1]!
  const modules: Record<string, unknown> = {
    '@tensorflow/tfjs': tf,
    '@tfjs-bayes/distributions': distributions,
    '@tfjs-bayes/layers': layers,
  }
  const body = source.replace(
    /^import (\* as )?(.*) from '(.*)'$/gm,
    (_, __, names: string, from: string) => `const ${names} = modules[${JSON.stringify(from)}]`,
  )
  const { outputText } = ts.transpileModule(`return (async () => {${body}\nreturn { spread } })()`, {
    compilerOptions: { target: ts.ScriptTarget.ES2022 },
  })
  const run = new Function('modules', outputText) as (given: typeof modules) => Promise<{ spread: tf.Tensor }>
  const { spread } = await run(modules)
  expect(spread.shape).toEqual([64, 1])
  expect(spread.min().dataSync()[0]).toBeGreaterThan(0)
})
