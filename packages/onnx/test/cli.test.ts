import { mkdtemp, readdir, readFile, rm, truncate, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import * as tf from '@tensorflow/tfjs'
import { variationalConv2d, variationalDense } from '@tfjs-bayes/layers'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { loadModelFile } from '../src/cli/loadModelFile.ts'
import { main } from '../src/cli/main.ts'
import { decodeModel, type ExportOptions, exportLayersModel, exportModel } from '../src/index.ts'
import { loadPredictor } from '../src/node.ts'
import { randomizeWeights } from './support/randomModel.ts'

let folder: string
let json: string
let onnx: string
let reference: Uint8Array

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'tfjs-bayes-cli-'))
  json = join(folder, 'model.json')
  onnx = join(folder, 'model.onnx')
  const model = tf.sequential({
    layers: [
      variationalConv2d({ filters: 2, kernelSize: 3, activation: 'relu', inputShape: [6, 6, 1], name: 'edges' }),
      tf.layers.flatten(),
      variationalDense({ units: 3, activation: 'softmax', name: 'digits' }),
    ],
  })
  randomizeWeights(model, 1)
  await save(model, folder)
  reference = exportModel(model, { mode: 'localReparameterization', noise: 'graph' })
  model.dispose()
})

afterAll(async () => {
  await rm(folder, { recursive: true })
})

test('a saved model is loaded whole, on any backend', async () => {
  const model = await loadModelFile(json)
  expect(exportModel(model, { mode: 'localReparameterization', noise: 'graph' })).toEqual(reference)
  model.dispose()
})

test('export writes what exportModel gives', async () => {
  const { code, out } = await run('export', json, '-o', onnx)
  expect(code).toBe(0)
  expect(out).toMatch(/model\.onnx: [\d,]+ bytes/)
  expect(new Uint8Array(await readFile(onnx))).toEqual(reference)
  const moments = join(folder, 'moments.onnx')
  expect((await run('export', json, '--mode', 'moments', '--output', moments)).code).toBe(0)
  const fixed = join(folder, 'stored.onnx')
  expect(
    (await run('export', json, '--noise', 'baked', '--samples', '4', '--draws', 'antithetic', '--seed', '3', '-o', fixed)).code,
  ).toBe(0)
  const gaussian = [
    '--likelihood',
    'gaussian',
    '--sigma',
    '0.5',
    '--opset',
    '18',
    '--noise',
    'input',
    '-o',
    join(folder, 'regression.onnx'),
  ]
  expect((await run('export', json, ...gaussian)).code).toBe(0)
})

test('a model as it is, with several inputs and outputs, is what exportLayersModel gives', async () => {
  const own = await mkdtemp(join(folder, 'plain-'))
  const [left, right] = ['left', 'right'].map((name) => tf.input({ shape: [300], name })) as [
    tf.SymbolicTensor,
    tf.SymbolicTensor,
  ]
  const sum = tf.layers.add().apply([left, right])
  const normal = tf.layers.batchNormalization().apply(tf.layers.dense({ units: 4 }).apply(sum)) as tf.SymbolicTensor
  const model = tf.model({
    inputs: [left, right],
    outputs: [normal, tf.layers.reLU({ name: 'positive' }).apply(sum) as tf.SymbolicTensor],
  })
  await save(model, own)
  const saved = join(own, 'model.json')
  const file = join(own, 'plain.onnx')
  const cases = [
    [[], {}],
    [['--opset', '18', '--cuda', 'optional', '--precision', 'float16'], { opset: 18, cuda: 'optional', precision: 'float16' }],
    [['--fold-batch-normalization', 'yes', '--fold-constants', 'yes'], { foldBatchNormalization: true, foldConstants: true }],
    [['--fold-batch-normalization', 'no'], {}],
  ] as const
  const sizes = new Set<number>()
  for (const [options, expected] of cases) {
    const { code, error } = await run('export', saved, '--mode', 'layers', ...options, '-o', file)
    expect(code, error).toBe(0)
    const written = new Uint8Array(await readFile(file))
    expect(written).toEqual(exportLayersModel(model, expected))
    sizes.add(written.length)
  }
  // As it is, in half precision, folded: the options reached the file.
  expect(sizes.size).toBe(3)
  model.dispose()

  const apart = await run('export', saved, '--mode', 'layers', '--external-data', 'yes', '-o', file)
  expect(apart.code, apart.error).toBe(0)
  const [data, ...others] = (await readdir(own)).filter((name) => name.endsWith('.data'))
  expect(others).toEqual([])
  const total = (await readFile(file)).length + (await readFile(join(own, data!))).length
  expect(apart.out).toBe(`${file}: ${total.toLocaleString('en')} bytes`)
})

test('outputs and quantiles are what the words say', async () => {
  const chosen = join(folder, 'chosen.onnx')
  expect((await run('export', json, '--samples', '4', '--outputs', 'probabilities,variance', '-o', chosen)).code).toBe(0)
  expect(new Uint8Array(await readFile(chosen))).toEqual(
    await exported({ mode: 'localReparameterization', noise: 'graph', samples: 4, outputs: ['probabilities', 'variance'] }),
  )
  const numbers = ['--likelihood', 'gaussian', '--sigma', '0.5', '--outputs', 'mean,quantiles', '--quantiles', '0.1,0.9']
  expect((await run('export', json, '--noise', 'baked', '--samples', '4', ...numbers, '-o', chosen)).code).toBe(0)
  const predictor = await loadPredictor(chosen, { likelihood: 'gaussian', outputs: ['mean', 'quantiles'] })
  const { mean, quantiles } = await predictor.predict(Float32Array.from({ length: 36 }, (_, i) => i / 36))
  await predictor.dispose()
  expect(quantiles).toHaveLength(3 * 2)
  mean.forEach((value, unit) => {
    expect(quantiles[2 * unit]!).toBeLessThan(value - 0.5)
    expect(quantiles[2 * unit + 1]!).toBeGreaterThan(value + 0.5)
  })
})

test('inspect shows what is in the file', async () => {
  await run('export', json, '-o', onnx)
  const { code, out } = await run('inspect', onnx)
  expect(code).toBe(0)
  expect(out).toMatch(
    /opset 17\nformat_version 1, likelihood categorical, mode localReparameterization, noise graph, samples input, units 3/,
  )
  expect(out).toMatch(
    /input {3}x {2}float\[batch, 6, 6, 1\]\ninput {3}samples {2}int64\[1\]\noutput {2}probabilities {2}float\[batch, 3\]/,
  )
  expect(out).toMatch(/layer +numbers +bytes +share\n[- ]+\n/)
  // Of a layer with n weights the file has n means and n variances.
  expect(out).toMatch(/\ndigits +\d+ +[\d,]+ +\d+\.\d %\n/)
  const sizes = [...out.matchAll(/^(\w+) +([\d,]+) +([\d,]+) +([\d.]+) %$/gm)].map(([, name, ...cells]) => ({
    name,
    numbers: cells.map((cell) => Number(cell!.replace(/,/g, ''))),
  }))
  expect(sizes[0]?.name).toBe('digits')
  expect(sizes[0]!.numbers[0]).toBeGreaterThanOrEqual(2 * (32 * 3 + 3))
  expect(sizes.find(({ name }) => name === 'edges')!.numbers[0]).toBeGreaterThanOrEqual(2 * (2 * 9 + 2))
  const stored = decodeModel(reference)
    .graph.nodes.flatMap(({ inputs }) => inputs)
    .find((value) => value?.hint === 'edges/kernel_mean')
  const numbers = [...(stored!.data as Float32Array)]
  const average = numbers.reduce((sum, value) => sum + value, 0) / numbers.length
  const deviation = Math.sqrt(numbers.reduce((sum, value) => sum + (value - average) ** 2, 0) / numbers.length)
  const [, ...cells] = /edges\/kernel_mean +\[2, 1, 3, 3\] +72 +(\S+) +(\S+) +(\S+) +(\S+)/.exec(out)!
  const expected = [average, deviation, Math.min(...numbers), Math.max(...numbers)]
  cells.map(Number).forEach((cell, i) => {
    expect(cell / expected[i]!).toBeCloseTo(1, 3)
  })
  // Half precision has its numbers shown too.
  const half = join(folder, 'half.onnx')
  await run('export', json, '--mode', 'mean', '--precision', 'float16', '-o', half)
  expect((await run('inspect', half)).out).toMatch(/edges\/kernel_mean +\[2, 1, 3, 3\] +36 +-?\d/)
  expect(out).toMatch(/RandomNormalLike +2\n/)
  expect(out).toMatch(/CUDA: every node has a kernel/)
  expect((await run('inspect', onnx, '--nodes', 'yes')).out).toMatch(/digits\/draw +Add +float\[samples, batch, 3\]/)
})

test('verify compares with tfjs and says where nodes ran', async () => {
  const fed = join(folder, 'fed.onnx')
  await run('export', json, '--noise', 'input', '-o', fed)
  const { code, out } = await run('verify', fed, '--model', json, '--rows', '5', '--samples', '3')
  expect(code, out).toBe(0)
  expect(out).toMatch(
    /^onnxruntime-node on cpu\n5 random rows: all outputs are finite\ntfjs: .*\nlargest difference to tfjs with the same rows and noise, relative to the output: \d\.\d\de-\d+ \(within 1e-5\)\nnodes ran on CPUExecutionProvider: \d+/,
  )
  const mean = join(folder, 'mean.onnx')
  await run('export', json, '--mode', 'mean', '-o', mean)
  expect((await run('verify', mean, '--model', json)).out).toMatch(/with the same rows, relative/)

  // Another model of the same shape is found out.
  const otherFolder = await mkdtemp(join(tmpdir(), 'tfjs-bayes-cli-'))
  const other = await loadModelFile(json)
  randomizeWeights(other, 2)
  await save(other, otherFolder)
  other.dispose()
  const different = await run('verify', fed, '--model', join(otherFolder, 'model.json'))
  expect(different.code).toBe(1)
  expect(different.out).toMatch(/NOT WITHIN/)
  await rm(otherFolder, { recursive: true })
})

test('inspect and verify take a file with its weights beside it', async () => {
  const own = await mkdtemp(join(folder, 'apart-'))
  const saved = join(own, 'model.json')
  const model = tf.sequential({ layers: [variationalDense({ units: 300, inputShape: [40], name: 'wide' })] })
  randomizeWeights(model, 3)
  await save(model, own)
  model.dispose()
  const [whole, apart] = [join(own, 'whole.onnx'), join(own, 'apart.onnx')]
  await run('export', saved, '--mode', 'mean', '-o', whole)
  expect((await run('export', saved, '--mode', 'mean', '--external-data', 'yes', '-o', apart)).code).toBe(0)
  const linesOf = async (path: string): Promise<string[]> => (await run('inspect', path)).out.split('\n').slice(1)
  expect((await linesOf(apart)).length).toBeGreaterThan(10)
  expect(await linesOf(apart)).toEqual(await linesOf(whole))
  const verified = await run('verify', apart, '--model', saved)
  expect(verified.code, verified.out + verified.error).toBe(0)
  const data = (await readdir(own)).find((name) => name.endsWith('.data'))!
  await truncate(join(own, data), 100)
  expect((await run('inspect', apart)).error).toMatch(/CorruptModelError: The tensor .* has \d+ bytes from \d+ on in apart/)
  await rm(join(own, data))
  expect((await run('inspect', apart)).error).toMatch(/FileAccessError: .*second file/)
})

test('inspect and verify take a model as it is: several inputs and outputs, indices, sizes left open', async () => {
  const own = await mkdtemp(join(folder, 'as-it-is-'))
  const saved = join(own, 'model.json')
  const words = tf.input({ shape: [null] as unknown as number[], name: 'words' })
  const tags = tf.input({ shape: [null] as unknown as number[], dtype: 'int32', name: 'tags' })
  const image = tf.input({ shape: [6, 6, 2], name: 'image' })
  // Few rows: a number that is no index of them would be found out.
  const looked = [words, tags].map(
    (input) => tf.layers.embedding({ inputDim: 3, outputDim: 4 }).apply(input) as tf.SymbolicTensor,
  )
  const sequence = tf.layers.gru({ units: 3, name: 'sequence' }).apply(tf.layers.add().apply(looked)) as tf.SymbolicTensor
  const flat = tf.layers.flatten().apply(tf.layers.conv2d({ filters: 2, kernelSize: 3 }).apply(image)) as tf.SymbolicTensor
  const answer = tf.layers
    .dense({ units: 2, name: 'answer' })
    .apply(tf.layers.concatenate().apply([sequence, flat])) as tf.SymbolicTensor
  const model = tf.model({ inputs: [words, tags, image], outputs: [sequence, answer] })
  randomizeWeights(model, 5)
  await save(model, own)
  const file = join(own, 'plain.onnx')
  expect((await run('export', saved, '--mode', 'layers', '-o', file)).code).toBe(0)

  const inspected = await run('inspect', file)
  expect(inspected.code, inspected.error).toBe(0)
  expect(inspected.out).toMatch(
    /input {3}words {2}float\[batch, words_axis_1\]\ninput {3}tags {2}int32\[batch, tags_axis_1\]\ninput {3}image .*\noutput {2}sequence {2}float\[batch, 3\]\noutput {2}answer {2}float\[batch, 2\]/,
  )
  const verified = await run('verify', file, '--model', saved, '--rows', '3', '--size', '5')
  expect(verified.code, verified.out + verified.error).toBe(0)
  expect(verified.out).toMatch(
    /3 random rows: all outputs are finite\ntfjs: .*\nlargest difference .* \(within 1e-5\)\nnodes ran/,
  )
  expect((await run('verify', file)).code).toBe(0)

  const half = join(own, 'half.onnx')
  await run('export', saved, '--mode', 'layers', '--precision', 'float16', '-o', half)
  expect((await run('verify', half, '--model', saved)).out).toMatch(/NOT WITHIN 1e-5: sequence, answer/)
  expect((await run('verify', half, '--model', saved, '--tolerance', '0.02')).code).toBe(0)

  const bias = model.getLayer('answer').getWeights()
  const changed = tf.tidy(() => bias.map((weight) => weight.add(0.5)))
  model.getLayer('answer').setWeights(changed)
  tf.dispose(changed)
  await save(model, own)
  expect((await run('verify', file, '--model', saved)).out).toMatch(/NOT WITHIN 1e-5: answer\)/)
  expect((await run('verify', file, '--model', json)).error).toMatch(
    /makes sequence, answer of words, tags, image, and .* of x: they are different models/,
  )
  model.dispose()
})

describe('what goes wrong is said in one line, with exit code 1', () => {
  test.each<[string, () => string[], RegExp]>([
    ['no command', () => [], /No command was given[\s\S]*tfjs-bayes-onnx export/],
    ['an unknown command', () => ['convert'], /There is no command "convert"/],
    ['an unknown option', () => ['export', json, '--colour', 'red'], /InvalidOptionError: .*--colour.*Known options: --mode/],
    ['no file', () => ['inspect'], /0 files were given \(none\); expected one/],
    ['no output', () => ['export', json], /Give -o MODEL\.onnx/],
    [
      'a missing model',
      () => ['export', join(folder, 'none.json'), '-o', onnx],
      /FileAccessError: The model file .*none\.json cannot be read/,
    ],
    ['a mode that is none', () => ['export', json, '--mode', 'guess', '-o', onnx], /InvalidOptionError: The mode is "guess"/],
    ['a number that is none', () => ['export', json, '--samples', 'many', '-o', onnx], /--samples is "many"; expected a number/],
    [
      'a choice that is none',
      () => ['export', json, '--fold-constants', 'true', '-o', onnx],
      /--fold-constants is "true"; expected yes or no/,
    ],
    [
      'a quantile that is none',
      () => ['export', json, '--quantiles', '0.1,low', '-o', onnx],
      /--quantiles is "low"; expected a number/,
    ],
    ['an output that is none', () => ['export', json, '--outputs', 'entropy,colour', '-o', onnx], /InvalidOptionError: .*colour/],
    [
      'a predictive distribution of a model as it is',
      () => ['export', json, '--mode', 'layers', '--samples', '4', '--outputs', 'entropy', '-o', onnx],
      /InvalidOptionError: --mode layers writes the model as it is.*has no --samples, --outputs/,
    ],
    ['no ONNX file', () => ['inspect', json], /CorruptModelError/],
    ['a missing ONNX file', () => ['verify', join(folder, 'none.onnx')], /FileAccessError/],
    ['draws that tfjs cannot repeat', () => ['verify', onnx, '--model', json], /makes its own draws.*noise: 'input'/],
    ['a provider that is none', () => ['verify', onnx, '--provider', 'abacus'], /--provider is "abacus"/],
    ['half a row', () => ['verify', onnx, '--rows', '0.5'], /--rows is 0\.5/],
  ])('%s', async (_, args, message) => {
    await run('export', json, '-o', onnx)
    const { code, error } = await run(...args())
    expect(code).toBe(1)
    expect(error).toMatch(message)
  })

  test('a model.json that is damaged', async () => {
    for (const [text, message] of [
      ['{', /is no JSON/],
      ['{}', /has no modelTopology/],
      ['{"modelTopology": {"class_name": "Nonsense"}, "weightsManifest": []}', /tfjs cannot load/],
    ] as const) {
      const path = join(folder, 'damaged.json')
      await writeFile(path, text)
      const { code, error } = await run('export', path, '-o', onnx)
      expect(code).toBe(1)
      expect(error).toMatch(message)
    }
    expect((await readdir(folder)).filter((name) => name.endsWith('.tmp'))).toEqual([])
  })

  test('help', async () => {
    expect((await run('--help')).code).toBe(0)
    expect((await run('verify', '--help')).out).toMatch(
      /tfjs-bayes-onnx verify MODEL\.onnx[\s\S]*--provider +cpu \(default\) or cuda/,
    )
  })
})

async function run(...args: string[]): Promise<{ code: number; out: string; error: string }> {
  const [out, error]: [string[], string[]] = [[], []]
  const code = await main(args, { out: (line) => out.push(line), error: (line) => error.push(line) })
  return { code, out: out.join('\n'), error: error.join('\n') }
}

async function exported(options: ExportOptions): Promise<Uint8Array> {
  const model = await loadModelFile(json)
  const bytes = exportModel(model, options)
  model.dispose()
  return bytes
}

async function save(model: tf.LayersModel, to: string): Promise<void> {
  await model.save(
    tf.io.withSaveHandler(async ({ modelTopology, weightSpecs, weightData }) => {
      await writeFile(join(to, 'weights.bin'), new Uint8Array(weightData as ArrayBuffer))
      await writeFile(
        join(to, 'model.json'),
        JSON.stringify({ modelTopology, weightsManifest: [{ paths: ['weights.bin'], weights: weightSpecs }] }),
      )
      return { modelArtifactsInfo: { dateSaved: new Date(0), modelTopologyType: 'JSON' } }
    }),
  )
}
