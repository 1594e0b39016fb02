import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import * as tf from '@tensorflow/tfjs'
import * as layers from '@tfjs-bayes/layers'
import ts from 'typescript'
import { expect, test } from 'vitest'
import * as node from '../src/node.ts'

interface Example {
  readonly probabilities: Float32Array
  readonly entropy: Float32Array
  readonly mutualInformation: Float32Array
}

test('the README’s example runs, and is surer inside a class than between two', async () => {
  const readme = await readFile(new URL('../README.md', import.meta.url), 'utf8')
  const folder = await mkdtemp(join(tmpdir(), 'tfjs-bayes-readme-'))
  try {
    const source = /```ts\n([\s\S]*?)```/.exec(readme)![1]!.replaceAll(`'model.onnx'`, JSON.stringify(join(folder, 'model.onnx')))
    const modules: Record<string, unknown> = {
      '@tensorflow/tfjs': tf,
      '@tfjs-bayes/layers': layers,
      '@tfjs-bayes/onnx/node': node,
    }
    const body = source.replace(
      /^import (?:\* as )?(.*) from '(.*)'$/gm,
      (_, names: string, from: string) => `const ${names} = modules[${JSON.stringify(from)}]`,
    )
    const { outputText } = ts.transpileModule(
      `return (async () => {${body}\nreturn { probabilities, entropy, mutualInformation } })()`,
      {
        compilerOptions: { target: ts.ScriptTarget.ES2022 },
      },
    )
    const run = new Function('modules', outputText) as (given: typeof modules) => Promise<Example>
    const { probabilities, entropy, mutualInformation } = await run(modules)
    expect(probabilities).toHaveLength(4)
    expect(probabilities[1]).toBeGreaterThan(0.7)
    expect(entropy[1]).toBeGreaterThan(entropy[0]!)
    expect(mutualInformation).toHaveLength(2)
  } finally {
    await rm(folder, { recursive: true })
  }
})
