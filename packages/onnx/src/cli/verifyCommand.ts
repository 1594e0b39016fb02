import { useFastestBackend } from '@tfjs-bayes/backend/node'
import { InvalidOptionError } from '../errors.ts'
import { hasMetadata } from '../metadata.ts'
import { pathWithData } from '../pathWithData.ts'
import type { Feed } from '../predictor/engine.ts'
import { type NodeProvider, nodeRuntime } from '../predictor/nodeRuntime.ts'
import { readGraphSignature, readSignature } from '../predictor/signature.ts'
import { startEngine } from '../predictor/startEngine.ts'
import { readModelBytes } from '../readModelBytes.ts'
import { decode } from '../wire/decode.ts'
import { commandArguments, numberOption, type OptionTexts } from './arguments.ts'
import type { Command } from './command.ts'
import { type ComparedOutput, comparedOutputs, comparedPrediction } from './comparison.ts'
import { indexInputs } from './indexInputs.ts'
import { profileNodes } from './profileNodes.ts'
import { type FileInputs, randomFeeds } from './randomFeeds.ts'

const OPTIONS: OptionTexts = {
  model: 'the model.json that was exported: compare with tfjs (a model as it is, mode mean, or noise fed)',
  provider: 'cpu (default) or cuda',
  rows: 'random rows to run, default 16',
  samples: 'draws, where the file leaves them open, default 8',
  size: 'every other size that the file leaves open, default 8',
  tolerance: "largest difference to tfjs that will do, relative to the output's largest number, default 1e-5",
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
    const others = positive('size', options['size'] ?? '8')
    const tolerance = numberOption('tolerance', options['tolerance'] ?? String(TOLERANCE))
    const bytes = await readModelBytes(path)
    const file = readGraphSignature(bytes)
    const predictive = hasMetadata(file.metadata) ? readSignature(bytes) : undefined
    const source = file.dataFiles.length === 0 ? bytes : await pathWithData(path, file.dataFiles)
    const inputs: FileInputs = {
      rows: predictive?.rows ?? file.inputs,
      noise: predictive?.noise ?? [],
      takesSamples: predictive?.metadata.samples === 'input',
      indices: indexInputs(decode(bytes)),
    }
    const feeds = randomFeeds(inputs, { rows, samples, others })
    const engine = await startEngine(await nodeRuntime(), source, [provider])
    print(engine.message)
    const outputs = await engine.run(feeds)
    await engine.release()
    const complete = Object.values(outputs).every(({ data }) => [...data].every((value) => Number.isFinite(Number(value))))
    print(`${rows} random rows: ${complete ? 'all outputs are finite' : 'NaN OR INFINITE OUTPUTS'}`)
    let agrees = true
    if (options['model'] != null) {
      print(`tfjs: ${(await useFastestBackend()).message}`)
      const compared = await (predictive == null
        ? comparedOutputs(options['model'], file, feeds, outputs)
        : comparedPrediction(options['model'], predictive, feeds, outputs))
      agrees = reportAgreement(compared, tolerance, inputs.noise.length === 0 ? 'rows' : 'rows and noise', print)
    }
    const placed = await reportPlaces(source, provider, feeds, print)
    return complete && agrees && placed ? 0 : 1
  },
}

function worstOf({ actual, expected }: ComparedOutput): number {
  let [worst, scale] = [0, 1]
  for (let i = 0; i < expected.length; i++) {
    const difference = actual[i] === expected[i] ? 0 : Math.abs(actual[i]! - expected[i]!)
    // NaN must not pass for a small difference.
    if (!(difference <= worst)) worst = difference
    if (Number.isFinite(expected[i])) scale = Math.max(scale, Math.abs(expected[i]!))
  }
  return worst / scale
}

function reportAgreement(
  compared: readonly ComparedOutput[],
  tolerance: number,
  sameInputs: string,
  print: (line: string) => void,
): boolean {
  const worst = compared.map(worstOf)
  const apart = compared.filter((_, index) => !(worst[index]! <= tolerance)).map(({ name }) => name)
  const largest = Math.max(...worst)
  print(
    `largest difference to tfjs with the same ${sameInputs}, relative to the output: ${largest.toExponential(2)} (${apart.length === 0 ? 'within' : 'NOT WITHIN'} ${tolerance.toExponential(0)}${apart.length === 0 ? '' : `: ${apart.join(', ')}`})`,
  )
  return apart.length === 0
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

function providerOf(text: string = 'cpu'): NodeProvider {
  if (text === 'cpu' || text === 'cuda') return text
  throw new InvalidOptionError(`--provider is ${JSON.stringify(text)}; expected cpu or cuda.`)
}

function positive(name: string, text: string): number {
  const value = numberOption(name, text)
  if (!(Number.isInteger(value) && value >= 1)) throw new InvalidOptionError(`--${name} is ${text}; expected an integer >= 1.`)
  return value
}
