import * as tf from '@tensorflow/tfjs'
import { expect, test } from 'vitest'
import * as onnx from '../../src/index.ts'
import { differenceOf } from '../support/compare.ts'
import { EXAMPLE, layerClassNames, layersPage, rowOf } from './layersPage.ts'

test('docs/onnx-layers.md is what the code says', async () => {
  await expect(`${layersPage()}\n`).toMatchFileSnapshot('../../../../docs/onnx-layers.md')
})

test('tfjs has no layer that the table lacks', () => {
  const names = layerClassNames()
  expect(names.length).toBeGreaterThan(60)
  expect(names.filter((name) => rowOf(name).status == null)).toEqual([])
  class Newcomer extends tf.layers.Layer {
    static readonly className: string = 'Newcomer'
  }
  const { classNameMap } = tf.serialization.SerializationMap.getMap()
  tf.serialization.registerClass(Newcomer)
  expect(layerClassNames().filter((name) => rowOf(name).status == null)).toEqual(['Newcomer'])
  delete classNameMap['Newcomer']
})

test('every way to make a layer in tf.layers makes one of these', () => {
  const known = new Set(layerClassNames().map((name) => name.toLowerCase()))
  const aliases = (name: string): string =>
    name
      .toLowerCase()
      .replace(/^avgpool(?:ing)?(?=\d)/, 'averagepooling')
      .replace(/^maxpool(?=\d)/, 'maxpooling')
      .replace(/^global(max|average)pool(?=\d)/, 'global$1pooling')
  // The bases of layers and cells, and the symbolic input.
  const others = ['layer', 'rnncell', 'input']
  const unknown = Object.keys(tf.layers).filter((name) => !known.has(aliases(name)) && !others.includes(name.toLowerCase()))
  expect(unknown).toEqual([])
})

test('the page’s example runs, and gives what tfjs does', async () => {
  const modules: Readonly<Record<string, unknown>> = { '@tensorflow/tfjs': tf, '@tfjs-bayes/onnx': onnx }
  const body = EXAMPLE.replace(
    /^import (?:\* as )?(.*) from '(.*)'$/gm,
    (_, names: string, from: string) => `const ${names} = modules[${JSON.stringify(from)}]`,
  )
  const run = new Function('modules', `${body}\nreturn { model, bytes }`) as (given: typeof modules) => {
    readonly model: tf.LayersModel
    readonly bytes: Uint8Array
  }
  const { model, bytes } = run(modules)
  const x = tf.randomNormal([5, 3], 0, 1, 'float32', 3)
  expect(await differenceOf(model, bytes, [x], ['node', 'web'])).toBeLessThan(1e-5)
  tf.dispose([x, ...model.weights.map((weight) => weight.read())])
})
