import { useFastestBackend } from '@tfjs-bayes/backend/node'
import { standardDraws } from '../draws/standardDraws.ts'
import { InvalidModelError, InvalidOptionError } from '../errors.ts'
import { pathWithData } from '../pathWithData.ts'
import type { Feed } from '../predictor/engine.ts'
import { type NodeProvider, nodeRuntime } from '../predictor/nodeRuntime.ts'
import type { DeclaredTensor } from '../predictor/signature.ts'
import { type ModelSignature, readSignature } from '../predictor/signature.ts'
import { startEngine } from '../predictor/startEngine.ts'
import { readModelBytes } from '../readModelBytes.ts'
import { commandArguments, numberOption, type OptionTexts } from './arguments.ts'
import type { Command } from './command.ts'
import { loadModelFile } from './loadModelFile.ts'
import { profileNodes } from './profileNodes.ts'
import { tfjsPrediction } from './tfjsPrediction.ts'

const OPTIONS: OptionTexts = {
  model: 'the model.json that was exported: compare with tfjs (mode mean, or noise fed)',
  provider: 'cpu (default) or cuda',
  rows: 'random rows to run, default 16',
  samples: 'draws, where the file leaves them open, default 8',
}

const TOLERANCE = 1e-5

/** `verify model.onnx`: runs a file on a provider, compares it with tfjs, and reads from onnxruntime's profile where its nodes ran. */
export const verifyCommand: Command = {
  usage: 'verify MODEL.onnx',
  purpose: 'run a file, compare it with tfjs, and see on which provider its nodes ran',
  options: OPTIONS,
  run: async (args, print) => {
    const { path, options } = commandArguments(args, OPTIONS)
    const provider = providerOf(options['provider'])
    const rows = positive('rows', options['rows'] ?? '16')
    const samples = positive('samples', options['samples'] ?? '8')
    const bytes = await readModelBytes(path)
    const signature = readSignature(bytes)
    const source = signature.dataFiles.length === 0 ? bytes : await pathWithData(path, signature.dataFiles)
    const feeds = randomFeeds(signature, rows, samples)
    const engine = await startEngine(await nodeRuntime(), source, [provider])
    print(engine.message)
    const outputs = await engine.run(feeds)
    await engine.release()
    const complete = Object.values(outputs).every((values) => values.every(Number.isFinite))
    print(`${rows} random rows: ${complete ? 'all outputs are finite' : 'NaN OR INFINITE OUTPUTS'}`)
    const agrees = options['model'] == null || (await compare(options['model'], signature, feeds, outputs, print))
    const placed = await reportPlaces(source, provider, feeds, print)
    return complete && agrees && placed ? 0 : 1
  },
}

async function compare(
  modelPath: string,
  { metadata, rows, noise }: ModelSignature,
  feeds: Readonly<Record<string, Feed>>,
  outputs: Readonly<Record<string, Float32Array>>,
  print: (line: string) => void,
): Promise<boolean> {
  if (metadata.mode !== 'mean' && metadata.noise !== 'input') {
    throw new InvalidOptionError(
      `The file makes its own draws (mode ${metadata.mode}, noise ${metadata.noise}), which tfjs cannot repeat. To compare number by number, export with noise: 'input', or mode: 'mean'.`,
    )
  }
  print(`tfjs: ${(await useFastestBackend()).message}`)
  const model = await loadModelFile(modelPath)
  const { likelihood } = metadata
  const expected = tfjsPrediction(
    model,
    feeds[rows[0]!.name]!,
    noise.map(({ name }) => feeds[name]!),
    likelihood.name,
  )
  model.dispose()
  const output = likelihood.name === 'categorical' ? 'probabilities' : 'mean'
  const actual = outputs[output]
  if (actual == null)
    throw new InvalidOptionError(`The file has no output ${output} to compare. Export it with '${output}' among its outputs.`)
  if (actual.length !== expected.length) {
    throw new InvalidModelError(
      `The file gives ${actual.length} numbers, ${modelPath} gives ${expected.length}: they are different models.`,
    )
  }
  const scale = expected.reduce((largest, value) => Math.max(largest, Math.abs(value)), 1)
  const worst = expected.reduce((largest, value, i) => Math.max(largest, Math.abs(value - actual[i]!)), 0)
  const agrees = worst <= TOLERANCE * scale
  print(
    `largest difference to tfjs with the same ${noise.length === 0 ? 'rows' : 'rows and noise'}: ${worst.toExponential(2)} (${agrees ? 'within' : 'NOT WITHIN'} ${(TOLERANCE * scale).toExponential(0)})`,
  )
  return agrees
}

async function reportPlaces(
  model: Uint8Array | string,
  provider: NodeProvider,
  feeds: Readonly<Record<string, Feed>>,
  print: (line: string) => void,
): Promise<boolean> {
  const places = await profileNodes(model, provider === 'cuda' ? ['cuda', 'cpu'] : ['cpu'], feeds)
  const counts = new Map<string, number>()
  for (const place of places.values()) counts.set(place, (counts.get(place) ?? 0) + 1)
  print(`nodes ran on ${[...counts].map(([place, count]) => `${place}: ${count}`).join(', ')}`)
  if (provider !== 'cuda') return true
  const elsewhere = [...places].filter(([, place]) => place !== 'CUDAExecutionProvider')
  for (const [node, place] of elsewhere) print(`  ${node} ran on ${place}`)
  return elsewhere.length === 0
}

function randomFeeds(signature: ModelSignature, rows: number, samples: number): Readonly<Record<string, Feed>> {
  const feeds: Record<string, Feed> = {}
  const normal = ({ name, shape }: DeclaredTensor, sizes: readonly (number | string)[], seed: number): Feed => {
    if (sizes.some((size) => typeof size === 'string')) {
      throw new InvalidModelError(
        `The input "${name}" of shape [${shape.join(', ')}] has more unknown sizes than the batch; verify cannot choose them.`,
      )
    }
    const known = sizes as readonly number[]
    const data = standardDraws({
      samples: known[0]!,
      size: known.slice(1).reduce((a, b) => a * b, 1),
      seed,
      method: 'independent',
    })
    return { data, elementType: 'float', shape: known }
  }
  signature.rows.forEach((input, index) => {
    feeds[input.name] = normal(input, [rows, ...input.shape.slice(1)], index + 1)
  })
  signature.noise.forEach((input, index) => {
    const count = typeof input.shape[0] === 'number' ? input.shape[0] : samples
    feeds[input.name] = normal(input, [count, rows, ...input.shape.slice(2)], 1000 + index)
  })
  if (signature.metadata.samples === 'input')
    feeds['samples'] = { data: BigInt64Array.of(BigInt(samples)), elementType: 'int64', shape: [1] }
  return feeds
}

function providerOf(text: string = 'cpu'): NodeProvider {
  if (text === 'cpu' || text === 'cuda') return text
  throw new InvalidOptionError(`--provider is ${JSON.stringify(text)}; expected cpu or cuda.`)
}

function positive(name: string, text: string): number {
  const value = numberOption(name, text)
  if (!(Number.isInteger(value) && value >= 1)) throw new InvalidOptionError(`--${name} is ${text}; expected an integer >= 1.`)
  return value
}
