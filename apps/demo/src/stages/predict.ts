import * as tf from '@tensorflow/tfjs'
import { statelessNormal } from '@tfjs-bayes/backend'
import { variationalLayers } from '@tfjs-bayes/layers'
import { loadPredictor } from '@tfjs-bayes/onnx/node'
import { errorRate, nll } from '@tfjs-bayes/training'
import { CLASSES } from '../contestants.ts'
import { CorruptRunFileError } from '../errors.ts'
import { decimals, duration, integer, percent, scientific } from '../format.ts'
import { IMAGE_PIXELS } from '../mnist/idx.ts'
import { type Digits, loadMnistTest, packagedDataFolder } from '../mnist/mnist.ts'
import type { ExportFile, OnnxKind } from '../run/exportFile.ts'
import { loadModel } from '../run/modelStore.ts'
import type { OnnxScore } from '../run/predictionFile.ts'
import type { Settings } from '../run/runFile.ts'
import { checkSamples } from '../settings.ts'
import { formatTable } from '../table.ts'
import { startBackend } from './backend.ts'
import { disposing } from './disposing.ts'
import { largestDifference, onnxOutputs, tfjsMeanOutputs, tfjsNoiseOutputs } from './engines.ts'
import { mean } from './score.ts'
import { type Stage, statusLine } from './stage.ts'

export interface PredictOptions {
  /** Draws S; default what the run was made with. */
  readonly samples?: number
}

/** Asks onnxruntime-node for the test set, holds it against tfjs under the same noise, and writes `prediction.json`. */
export async function predict(stage: Stage, options: PredictOptions): Promise<void> {
  const { folder, say } = stage
  const { settings, dataFolder } = folder.read('run')
  const training = folder.read('training')
  const exported = folder.read('export')
  const samples = checkSamples(options.samples ?? settings.samples)
  const test = loadMnistTest(dataFolder ?? packagedDataFolder(), settings.testRows)
  folder.requireWritable()
  await startBackend(stage)
  const { sha256 } = training.models.find((model) => model.name === exported.model)!
  await disposing(await loadModel(folder, exported.model, sha256), async (model) => {
    const task: Task = { stage, model, exported, test, settings: { ...settings, samples } }
    const answers = [await askMean(task), await askWithNoise(task), await askWithDraws(task)]
    const { provider } = answers[0]!
    const scores = answers.map((answer) => answer.score)
    folder.write('prediction', { provider, scores })
    say(`onnxruntime-node on ${provider}`)
    say(formatTable(COLUMNS, scores.map(cells)))
  })
}

interface Task {
  readonly stage: Stage
  readonly model: tf.LayersModel
  readonly exported: ExportFile
  readonly test: Digits
  readonly settings: Settings
}

interface Answer {
  readonly provider: string
  readonly score: OnnxScore
}

const askMean = (task: Task): Promise<Answer> => {
  const { model, test } = task
  return ask(task, 'mean', test, {}, () => tfjsMeanOutputs(model, test))
}

const askWithDraws = (task: Task): Promise<Answer> => ask(task, 'noiseGraph', task.test, { samples: task.settings.samples })

async function askWithNoise(task: Task): Promise<Answer> {
  const { model, test } = task
  const { samples, comparedRows, seed } = task.settings
  const count = Math.min(comparedRows, test.count)
  const rows: Digits = { images: test.images.subarray(0, count * IMAGE_PIXELS), labels: test.labels.subarray(0, count), count }
  const units = variationalLayers(model).map((layer) => (layer.outputShape as tf.Shape)[1]!)
  const noise = units.map((size, i) => statelessNormal([samples, count, size], seed, i))
  try {
    return await ask(task, 'noiseInput', rows, { noise }, async () => tfjsNoiseOutputs(model, rows, noise))
  } finally {
    tf.dispose(noise)
  }
}

async function ask(
  { stage, exported }: Task,
  kind: OnnxKind,
  digits: Digits,
  options: { readonly noise?: readonly tf.Tensor[]; readonly samples?: number },
  reference: (() => ReturnType<typeof tfjsMeanOutputs>) | null = null,
): Promise<Answer> {
  const { folder, signal, progress } = stage
  const file = exported.files.find((one) => one.kind === kind)
  if (file === undefined)
    throw new CorruptRunFileError(
      `export.json in ${folder.path} names no file of kind '${kind}'. Run the command 'export' again.`,
    )
  const predictor = await loadPredictor(folder.readBytes(file.file, 'export', file.sha256))
  const status = statusLine(progress)
  try {
    const onRows = (done: number): void =>
      status.update(`onnxruntime, ${KINDS[kind]}: ${integer(done)} of ${integer(digits.count)} digits`)
    const started = performance.now()
    const outputs = await onnxOutputs(predictor, digits, { ...options, signal, onRows })
    const seconds = (performance.now() - started) / 1000
    const { entropy, mutualInformation } = outputs
    const probabilities = { data: outputs.probabilities, shape: [digits.count, CLASSES] }
    const score: OnnxScore = {
      kind,
      rows: digits.count,
      samples: options.samples ?? options.noise?.[0]?.shape[0] ?? null,
      error: errorRate(probabilities, digits.labels),
      nll: nll(probabilities, digits.labels),
      entropy: mean(entropy),
      mutualInformation: mutualInformation === undefined ? null : mean(mutualInformation),
      seconds,
      largestDifference: reference === null ? null : largestDifference(outputs, await reference()),
    }
    return { provider: predictor.provider, score }
  } finally {
    status.clear()
    await predictor.dispose()
  }
}

const KINDS: Readonly<Record<OnnxKind, string>> = { mean: 'means', noiseInput: 'noise as input', noiseGraph: 'noise in graph' }

const COLUMNS = [
  { heading: 'onnxruntime' },
  ...['rows', 'S', 'error', 'NLL', 'entropy', 'mutual inf.', 'time', 'difference to tfjs'].map((heading) => ({
    heading,
    numeric: true,
  })),
]

function cells(score: OnnxScore): string[] {
  return [
    KINDS[score.kind],
    integer(score.rows),
    score.samples === null ? '–' : String(score.samples),
    percent(score.error),
    decimals(score.nll),
    decimals(score.entropy),
    score.mutualInformation === null ? '–' : decimals(score.mutualInformation),
    duration(score.seconds),
    score.largestDifference === null ? '–' : scientific(score.largestDifference),
  ]
}
