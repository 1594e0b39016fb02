import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import * as tf from '@tensorflow/tfjs'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import {
  CorruptModelError,
  type ExportOptions,
  exportModel,
  FileAccessError,
  ForeignModelError,
  InvalidInputError,
  RuntimeUnavailableError,
} from '../src/index.ts'
import { type CategoricalPrediction, exportModelToFile, loadPredictor, type Predictor } from '../src/node.ts'
import { importRuntime } from '../src/predictor/startEngine.ts'
import { decode } from '../src/wire/decode.ts'
import { encode } from '../src/wire/encode.ts'
import { classifier, regression } from './support/models.ts'
import { normals } from './support/random.ts'
import { maxDifference, outputsOf } from './support/reference.ts'

const drawn = { mode: 'localReparameterization', noise: 'input' } as const
const ROWS = 7
const SAMPLES = 4
const x = normals(ROWS * 3, 1)
const noise = [normals(SAMPLES * ROWS * 5, 2), normals(SAMPLES * ROWS * 4, 3)]

let folder: string
let model: tf.LayersModel
const open: { dispose(): Promise<void> }[] = []
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'tfjs-bayes-onnx-'))
  model = classifier()
})
afterEach(async () => {
  for (const predictor of open.splice(0)) await predictor.dispose()
})
afterAll(async () => {
  model.dispose()
  await rm(folder, { recursive: true })
})

describe('predictions', () => {
  test('chunks of any size give the same answer', async () => {
    const predictor = await load(drawn)
    const whole = await predictor.predict(x, { noise, batchSize: 100 })
    expect(whole).toMatchObject({ rows: ROWS, classes: 4 })
    expect(whole.probabilities).toHaveLength(ROWS * 4)
    expect(whole.entropy).toHaveLength(ROWS)
    for (const batchSize of [1, 2, 3, 7]) {
      const parts = await predictor.predict(x, { noise, batchSize })
      for (const key of ['probabilities', 'entropy', 'expectedEntropy', 'mutualInformation'] as const) {
        expect(maxDifference(parts[key]!, whole[key]!), key).toBeLessThan(1e-6)
      }
    }
  })

  test('rows may come with their shape, as a tfjs tensor has them', async () => {
    const predictor = await load({ mode: 'mean' })
    const flat = await predictor.predict(x)
    expect(await predictor.predict({ data: x, shape: [ROWS, 3] })).toEqual(flat)
  })

  test('drawn noise differs from run to run, and the number of draws is an argument', async () => {
    const predictor = await load({ mode: 'localReparameterization', noise: 'graph' })
    const [first, second, one] = [
      await predictor.predict(x),
      await predictor.predict(x),
      await predictor.predict(x, { samples: 1 }),
    ]
    expect(first.probabilities).not.toEqual(second.probabilities)
    // With one draw, nothing but the draw's own entropy is left.
    expect(maxDifference(one.entropy, one.expectedEntropy!)).toBeLessThan(1e-6)
    expect(Math.max(...first.mutualInformation!)).toBeGreaterThan(1e-4)
  })

  test('a regression answers with the law of total variance', async () => {
    const sigma = 0.3
    const network = regression()
    const values = [normals(SAMPLES * ROWS * 5, 4), normals(SAMPLES * ROWS * 2, 5)]
    const outputs = outputsOf(network, x, [
      { data: values[0]!, shape: [SAMPLES, ROWS, 5] },
      { data: values[1]!, shape: [SAMPLES, ROWS, 2] },
    ])
    const predictor = await loadPredictor(exportModel(network, { ...drawn, likelihood: { name: 'gaussian', sigma } }), {
      likelihood: 'gaussian',
      providers: ['cpu'],
    })
    open.push(predictor)
    const { rows, units, mean, epistemicVariance, aleatoricVariance } = await predictor.predict(x, { noise: values })
    expect([rows, units]).toEqual([ROWS, 2])
    const expectedMean = mean.map((_, i) => outputs.reduce((sum, output) => sum + output[i]!, 0) / SAMPLES)
    const expectedVariance = mean.map(
      (_, i) => outputs.reduce((sum, output) => sum + (output[i]! - expectedMean[i]!) ** 2, 0) / SAMPLES,
    )
    expect(maxDifference(mean, expectedMean)).toBeLessThan(1e-5)
    expect(maxDifference(epistemicVariance!, expectedVariance)).toBeLessThan(1e-5)
    expect(
      maxDifference(
        aleatoricVariance,
        mean.map(() => sigma ** 2),
      ),
    ).toBeLessThan(1e-7)

    const plain = await loadPredictor(exportModel(network, { mode: 'mean', likelihood: { name: 'gaussian', sigma } }), {
      likelihood: 'gaussian',
      providers: ['cpu'],
    })
    open.push(plain)
    const prediction = await plain.predict(x)
    expect(maxDifference(prediction.mean, outputsOf(network, x)[0]!)).toBeLessThan(1e-5)
    expect(prediction.epistemicVariance).toBeUndefined()
    network.dispose()
  })

  test('a model with several inputs takes them by name', async () => {
    const [left, right] = [tf.input({ shape: [2], name: 'left' }), tf.input({ shape: [3] })]
    const merged = tf.layers.concatenate().apply([left, right]) as tf.SymbolicTensor
    const two = tf.model({ inputs: [left, right], outputs: tf.layers.dense({ units: 2 }).apply(merged) as tf.SymbolicTensor })
    const predictor = await loadPredictor(exportModel(two, { mode: 'mean' }), { providers: ['cpu'] })
    open.push(predictor)
    const [a, b] = [normals(4, 1), normals(6, 2)]
    const { probabilities } = await predictor.predict({ left: a, x_1: b })
    const expected = tf.tidy(() =>
      tf.softmax(two.predict([tf.tensor2d(a, [2, 2]), tf.tensor2d(b, [2, 3])]) as tf.Tensor).dataSync(),
    )
    expect(maxDifference(probabilities, expected)).toBeLessThan(1e-6)
    await expect(predictor.predict({ left: a })).rejects.toThrow(/has the inputs left, x_1, and "x_1" is missing/)
    await expect(predictor.predict({ left: a, x_1: normals(3, 1) })).rejects.toThrow(/"x_1" has 1 rows, "left" has 2/)
    two.dispose()
  })

  test('10,000 predictions leave no memory behind', async () => {
    const predictor = await load({ mode: 'localReparameterization', noise: 'graph', samples: 2 })
    const row = normals(3, 9)
    const run = async (times: number): Promise<number> => {
      for (let i = 0; i < times; i++) await predictor.predict(row)
      return process.memoryUsage().rss
    }
    const before = await run(2_000)
    const after = await run(10_000)
    // A leaked output of 4 floats and its wrappers would be 10,000 times some hundred bytes in each of four outputs.
    expect(after - before).toBeLessThan(16 * 2 ** 20)
  })
})

describe('arguments that do not fit are named errors', () => {
  const cases: [string, ExportOptions, (predictor: Predictor<'categorical'>) => Promise<CategoricalPrediction>, RegExp][] = [
    ['no rows', { mode: 'mean' }, (p) => p.predict(new Float32Array(0)), /"x" is empty/],
    ['no rows, with shape', { mode: 'mean' }, (p) => p.predict({ data: new Float32Array(0), shape: [0, 3] }), /"x" is empty/],
    ['part of a row', { mode: 'mean' }, (p) => p.predict(new Float32Array(4)), /4 elements, which is no multiple of 3/],
    [
      'another shape',
      { mode: 'mean' },
      (p) => p.predict({ data: new Float32Array(4), shape: [2, 2] }),
      /shape \[2, 2\] and 4 elements; the model takes \[batch, 3\]/,
    ],
    [
      'a shape that lies',
      { mode: 'mean' },
      (p) => p.predict({ data: new Float32Array(4), shape: [2, 3] }),
      /shape \[2, 3\] and 4 elements/,
    ],
    ['NaN', { mode: 'mean' }, (p) => p.predict(new Float32Array([0, 1, 2, 3, Number.NaN, 5])), /"x": element 4 is NaN/],
    [
      'infinity',
      { mode: 'mean' },
      (p) => p.predict(new Float32Array([Number.NEGATIVE_INFINITY, 1, 2])),
      /element 0 is -Infinity/,
    ],
    [
      'values that overflow inside',
      drawn,
      (p) => p.predict(new Float32Array([3e38, 3e38, -3e38]), { noise: [normals(5, 1), normals(4, 2)] }),
      /probabilities is NaN.*overflow/,
    ],
    [
      'another array',
      { mode: 'mean' },
      (p) => p.predict(new Float64Array(3) as never),
      /a Float64Array; expected a Float32Array/,
    ],
    ['a plain array', { mode: 'mean' }, (p) => p.predict([1, 2, 3] as never), /x is an array of 3\. Expected a Float32Array/],
    [
      'a tensor',
      { mode: 'mean' },
      (p) => p.predict(tf.tidy(() => tf.zeros([1, 3])) as never),
      /await x\.data\(\)|expected a Float32Array/,
    ],
    ['nothing', { mode: 'mean' }, (p) => p.predict(null as never), /x is null/],
    ['noise for a model without', { mode: 'mean' }, (p) => p.predict(x, { noise }), /takes none/],
    [
      'samples for a model without',
      { mode: 'mean' },
      (p) => p.predict(x, { samples: 3 }),
      /samples is 3, but this model makes 1 draws, fixed/,
    ],
    ['samples beside noise', drawn, (p) => p.predict(x, { noise, samples: 9 }), /as many draws as the noise/],
    [
      'samples of another number',
      { mode: 'localReparameterization', noise: 'graph', samples: 5 },
      (p) => p.predict(x, { samples: 3 }),
      /5 draws, fixed in the file/,
    ],
    ['no samples', { mode: 'localReparameterization', noise: 'graph' }, (p) => p.predict(x, { samples: 0 }), /samples is 0/],
    ['no noise', drawn, (p) => p.predict(x), /give noise.*\[samples, 7, 5\], \[samples, 7, 4\]/],
    ['too few noises', drawn, (p) => p.predict(x, { noise: [noise[0]!] }), /an array of 1; expected an array of 2/],
    [
      'noise of another type',
      drawn,
      (p) => p.predict(x, { noise: [noise[0]!, [1] as never] }),
      /noise_1 is an array of 1; expected a Float32Array/,
    ],
    [
      'noise of another size',
      drawn,
      (p) => p.predict(x, { noise: [noise[0]!, noise[1]!.subarray(1)] }),
      /noise_1 has 111 elements; expected \[samples, 7, 4\]/,
    ],
    [
      'different draws',
      drawn,
      (p) => p.predict(x, { noise: [noise[0]!, noise[1]!.subarray(0, 28)] }),
      /noise_1 has 1 draws, noise_0 has 4/,
    ],
    [
      'NaN in noise',
      drawn,
      (p) => p.predict(x, { noise: [noise[0]!.map((value, i) => (i === 3 ? Number.NaN : value)), noise[1]!] }),
      /noise_0: element 3 is NaN/,
    ],
    [
      'another number of draws than the file has',
      { ...drawn, samples: 3 },
      (p) => p.predict(x, { noise }),
      /noise_0 has 140 elements; expected \[3, 7, 5\]/,
    ],
    ['a chunk of nothing', { mode: 'mean' }, (p) => p.predict(x, { batchSize: 0 }), /batchSize is 0/],
  ]
  test.each(cases)('%s', async (_, options, predict, message) => {
    const predictor = await load(options)
    const attempt = predict(predictor)
    await expect(attempt).rejects.toThrow(InvalidInputError)
    await expect(attempt).rejects.toThrow(message)
  })

  test('a predictor that was disposed', async () => {
    const predictor = await load({ mode: 'mean' })
    await predictor.dispose()
    await predictor.dispose()
    await expect(predictor.predict(x)).rejects.toThrow(/was disposed/)
  })
})

describe('an abort signal', () => {
  test('that was given before stops at once', async () => {
    const predictor = await load({ mode: 'mean' })
    await expect(predictor.predict(x, { signal: AbortSignal.abort(new Error('enough')) })).rejects.toThrow('enough')
  })

  test('stops between chunks', async () => {
    const predictor = await load({ mode: 'mean' })
    const rows = new Float32Array(3 * 100_000)
    const controller = new AbortController()
    setTimeout(() => controller.abort(new Error('enough')), 20)
    await expect(predictor.predict(rows, { signal: controller.signal, batchSize: 1 })).rejects.toThrow('enough')
  })
})

describe('providers', () => {
  test('the predictor says which one it got, and why not the first', async () => {
    const predictor = await loadPredictor(exportModel(model, { mode: 'mean' }))
    open.push(predictor)
    expect(['cuda', 'cpu']).toContain(predictor.provider)
    if (predictor.provider === 'cpu') expect(predictor.message).toMatch(/^onnxruntime-node on cpu; .*CUDA/i)
    else expect(predictor.message).toBe('onnxruntime-node on cuda')
    expect((await load({ mode: 'mean' })).message).toBe('onnxruntime-node on cpu')
  })

  test('threads can be chosen', async () => {
    const bytes = exportModel(model, { mode: 'mean' })
    const [one, two] = [
      await loadPredictor(bytes, { providers: ['cpu'], threads: 1 }),
      await loadPredictor(bytes, { providers: ['cpu'], threads: 2 }),
    ]
    open.push(one, two)
    const answer = await one.predict(x)
    expect(maxDifference(answer.probabilities, (await two.predict(x)).probabilities)).toBeLessThan(1e-6)
    await expect(loadPredictor(bytes, { threads: 0.5 })).rejects.toThrow(/threads is 0.5/)
  })

  test('none is a named error', async () => {
    const attempt = loadPredictor(exportModel(model, { mode: 'mean' }), { providers: [] })
    await expect(attempt).rejects.toThrow(RuntimeUnavailableError)
    await expect(attempt).rejects.toThrow(/providers: \['cpu'\]/)
  })

  test('a missing onnxruntime-node is a named error that says how to get it', async () => {
    const missing = importRuntime(
      'onnxruntime-node',
      () => Promise.reject(new Error("Cannot find package 'onnxruntime-node'")),
      'or else',
    )
    await expect(missing).rejects.toThrow(RuntimeUnavailableError)
    await expect(missing).rejects.toThrow(/npm install onnxruntime-node/)
  })
})

describe('files', () => {
  test('are written whole, read back by path or URL, and leave nothing beside them', async () => {
    const path = join(folder, 'model.onnx')
    const size = await exportModelToFile(model, path, drawn)
    expect(new Uint8Array(await readFile(path))).toEqual(exportModel(model, drawn))
    expect((await readFile(path)).length).toBe(size)
    await exportModelToFile(model, path, { mode: 'mean' })
    expect(await readdir(folder)).toEqual(['model.onnx'])
    for (const source of [path, pathToFileURL(path)]) {
      const predictor = await loadPredictor(source, { providers: ['cpu'] })
      open.push(predictor)
      expect((await predictor.predict(x)).rows).toBe(ROWS)
    }
  })

  test('that cannot be written are a named error and leave nothing', async () => {
    const attempt = exportModelToFile(model, join(folder, 'no', 'such', 'folder.onnx'), { mode: 'mean' })
    await expect(attempt).rejects.toThrow(FileAccessError)
    await expect(attempt).rejects.toThrow(/folder exists, is writable/)
    const before = await readdir(folder)
    // A folder of that name: the rename fails at the end.
    await expect(exportModelToFile(model, folder, { mode: 'mean' })).rejects.toThrow(FileAccessError)
    expect(await readdir(folder)).toEqual(before)
    expect((await readdir(tmpdir())).filter((name) => name.endsWith('.tmp') && name.startsWith('tfjs-bayes-onnx-'))).toEqual([])
  })

  test('that are missing, or no ONNX', async () => {
    await expect(loadPredictor(join(folder, 'nothing.onnx'))).rejects.toThrow(FileAccessError)
    await expect(loadPredictor(folder)).rejects.toThrow(FileAccessError)
    await writeFile(join(folder, 'text.onnx'), 'this is no model')
    await expect(loadPredictor(join(folder, 'text.onnx'))).rejects.toThrow(CorruptModelError)
    await expect(loadPredictor(new Uint8Array(0))).rejects.toThrow(CorruptModelError)
  })

  test('that were cut off: at no length anything but a named error', async () => {
    const bytes = exportModel(model, drawn)
    for (let length = 0; length < bytes.length; length += 37) {
      const error: unknown = await loadPredictor(bytes.slice(0, length), { providers: ['cpu'] }).then(
        (predictor) => predictor.dispose(),
        (reason: unknown) => reason,
      )
      const named = error instanceof CorruptModelError || error instanceof ForeignModelError
      expect(named, `${length} of ${bytes.length} bytes: ${String(error)}`).toBe(true)
    }
  })

  test('that hold together and still are no model that onnxruntime can run', async () => {
    const message = decode(exportModel(model, { mode: 'mean' }))
    const broken = { ...message, graph: { ...message.graph, node: message.graph!.node!.slice(1) } }
    await expect(loadPredictor(encode(broken), { providers: ['cpu'] })).rejects.toThrow(/onnxruntime refuses the model/)
  })

  test('of another program, another version, another likelihood', async () => {
    const message = decode(exportModel(model, { mode: 'mean' }))
    const withMetadata = (change: (entry: { key?: string; value?: string }) => { key?: string; value?: string }): Uint8Array =>
      encode({ ...message, metadataProps: message.metadataProps!.map(change) })
    const expectForeign = async (bytes: Uint8Array, text: RegExp): Promise<void> => {
      await expect(loadPredictor(bytes)).rejects.toThrow(ForeignModelError)
      await expect(loadPredictor(bytes)).rejects.toThrow(text)
    }
    await expectForeign(encode({ ...message, metadataProps: [] }), /was not written by @tfjs-bayes\/onnx/)
    const set = (name: string, value: string): Uint8Array =>
      withMetadata((entry) => (entry.key === `tfjs_bayes.${name}` ? { ...entry, value } : entry))
    await expectForeign(set('format_version', '99'), /format version 99/)
    await expectForeign(set('units', 'many'), /tfjs_bayes\.units is "many"/)
    await expectForeign(set('mode', 'guess'), /tfjs_bayes\.mode is "guess"; expected mean, localReparameterization/)
    await expect(loadPredictor(exportModel(model, { mode: 'mean' }), { likelihood: 'gaussian' })).rejects.toThrow(
      /with a categorical likelihood, and a gaussian one is asked for/,
    )
  })
})

async function load(options: ExportOptions): Promise<Predictor<'categorical'>> {
  const predictor = await loadPredictor(exportModel(model, options), { providers: ['cpu'] })
  open.push(predictor)
  return predictor
}
