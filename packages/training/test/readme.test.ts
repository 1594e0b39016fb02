import { readFile } from 'node:fs/promises'
import * as tf from '@tensorflow/tfjs'
import * as layers from '@tfjs-bayes/layers'
import ts from 'typescript'
import { expect, test } from 'vitest'
import * as training from '../src/index.ts'

interface Example {
  readonly history: training.History
  readonly elbo: number
  readonly trainingNll: number
  readonly klPerExample: number
  readonly figures: { readonly error: number; readonly nll: number }
  readonly unsure: tf.Tensor
  readonly layers: readonly training.LayerOverPruning[]
  readonly smaller: training.SmallerModel<tf.LayersModel>
  readonly without: training.Predictive
  readonly scaling: training.TemperatureScaling
  readonly noise: readonly training.GradientMeterReading[]
  readonly y: tf.Tensor
}

test('the README’s examples run, and the model learns', async () => {
  const readme = await readFile(new URL('../README.md', import.meta.url), 'utf8')
  const source = [...readme.matchAll(/```ts\n([\s\S]*?)```/g)].map(([, block]) => block!).join('\n')
  const modules: Record<string, unknown> = {
    '@tensorflow/tfjs': tf,
    '@tfjs-bayes/layers': layers,
    '@tfjs-bayes/training': training,
  }
  const body = source.replace(
    /^import (?:\* as )?(.*) from '(.*)'$/gm,
    (_, names: string, from: string) => `const ${names} = modules[${JSON.stringify(from)}]`,
  )
  const { outputText } = ts.transpileModule(
    `return (async () => {${body}\nreturn { history, elbo, trainingNll, klPerExample, figures, unsure, layers, without, smaller, scaling, noise, y } })()`,
    { compilerOptions: { target: ts.ScriptTarget.ES2022 } },
  )
  const run = new Function('modules', outputText) as (given: typeof modules) => Promise<Example>
  const { history, elbo, trainingNll, klPerExample, figures, unsure, ...after } = await run(modules)
  expect(history.stopped).toBe('finished')
  expect(elbo).toBe(-(trainingNll + klPerExample))
  expect(elbo).toBeGreaterThan(history.epochs[0]!.elbo)
  expect(figures.error).toBeLessThan(0.1)
  expect(figures.nll).toBeLessThan(0.4)
  expect(unsure.dataSync()[0]).toBeLessThan(400)
  expect(after.layers.reduce((sum, { klShare }) => sum + klShare, 0)).toBeCloseTo(1, 6)
  expect(after.smaller.parametersAfter).toBeLessThan(after.smaller.parametersBefore)
  expect(training.errorRate(after.without.probabilities, after.y)).toBeLessThan(0.15)
  expect(after.scaling.nllAfter).toBeLessThanOrEqual(after.scaling.nllBefore)
  expect(after.noise).toHaveLength(4 * 2)
})
