import * as tf from '@tensorflow/tfjs'
import { statelessNormal } from '@tfjs-bayes/backend'
import { ForwardPass, givenNoise, variationalLayers } from '@tfjs-bayes/layers'
import { loadPredictor } from '@tfjs-bayes/onnx/node'
import { errorRate, nll, predictive, uncertainty } from '@tfjs-bayes/training'
import { CLASSES } from '../contestants.ts'
import { CorruptRunFileError } from '../errors.ts'
import { decimals, duration, integer, percent, scientific } from '../format.ts'
import { IMAGE_PIXELS } from '../mnist/idx.ts'
import { type Digits, loadMnistTest, packagedDataFolder, toUnitInterval } from '../mnist/mnist.ts'
import type { ExportedFile, ExportFile, OnnxKind } from '../run/exportFile.ts'
import { loadModel } from '../run/modelStore.ts'
import type { OnnxScore } from '../run/predictionFile.ts'
import type { Settings } from '../run/runFile.ts'
import { checkSamples } from '../settings.ts'
import { formatTable } from '../table.ts'
import { startBackend } from './backend.ts'
import { disposing } from './disposing.ts'
import { mean } from './score.ts'
import { type Stage, statusLine } from './stage.ts'

export interface PredictOptions {
  /** Draws S; default what the run was made with. */
  readonly samples?: number
}

/** Rows that onnxruntime takes at once. */
const BATCH_SIZE = 100

/** Asks onnxruntime-node for the test set, holds it against tfjs under the same noise, and writes `prediction.json`. */
export async function predict(stage: Stage, options: PredictOptions): Promise<void> {
  const { folder, say, progress } = stage
  const { settings, dataFolder } = folder.read('run')
  const training = folder.read('training')
  const exported = folder.read('export')
  const samples = checkSamples(options.samples ?? settings.samples)
  const test = loadMnistTest(dataFolder ?? packagedDataFolder(), settings.testRows)
  folder.requireWritable()
  await startBackend(stage)
  const { sha256 } = training.models.find((model) => model.name === exported.model)!
  await disposing(await loadModel(folder, exported.model, sha256), async (model) => {
    const status = statusLine(progress)
    const answers: Answer[] = []
    for (const kind of ['mean', 'noiseInput', 'noiseGraph'] as const) {
      status.update(`onnxruntime: ${kind}`)
      answers.push(await ANSWER[kind]({ stage, model, exported, test, settings: { ...settings, samples } }))
    }
    status.clear()
    const scores = answers.map((answer) => answer.score)
    folder.write('prediction', { provider: answers[0]!.provider, scores })
    say(`onnxruntime-node on ${answers[0]!.provider}`)
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

/** The outputs of either engine, by name, each one number after the other. */
type Outputs = Readonly<Record<string, ArrayLike<number>>>

const ANSWER: Readonly<Record<OnnxKind, (task: Task) => Promise<Answer>>> = {
  mean: async (task) =>
    ask('mean', task, task.test, null, {}, async () => {
      const { model, test, settings, stage } = task
      return disposing(tf.tensor2d(toUnitInterval(test), [test.count, IMAGE_PIXELS]), async (x) =>
        disposing(await predictive(model, x, { mode: 'mean', seed: settings.seed, signal: stage.signal }), async (at) => ({
          probabilities: at.probabilities.dataSync(),
          entropy: at.entropy.dataSync(),
        })),
      )
    }),

  noiseInput: async (task) => {
    const { model, settings, test } = task
    const rows = Math.min(settings.comparedRows, test.count)
    const compared: Digits = {
      images: test.images.subarray(0, rows * IMAGE_PIXELS),
      labels: test.labels.subarray(0, rows),
      count: rows,
    }
    const noise = variationalLayers(model).map((layer, i) =>
      statelessNormal([settings.samples, rows, (layer.outputShape as tf.Shape)[1]!], settings.seed, i),
    )
    try {
      const fed = await Promise.all(noise.map(async (tensor) => Float32Array.from(await tensor.data())))
      return await ask('noiseInput', task, compared, settings.samples, { noise: fed }, async () =>
        sameNoise(model, compared, noise, settings.samples),
      )
    } finally {
      tf.dispose(noise)
    }
  },

  noiseGraph: async (task) => ask('noiseGraph', task, task.test, task.settings.samples, { samples: task.settings.samples }, null),
}

async function ask(
  kind: OnnxKind,
  { stage, exported }: Task,
  digits: Digits,
  samples: number | null,
  options: { readonly noise?: readonly Float32Array[]; readonly samples?: number },
  reference: (() => Promise<Outputs>) | null,
): Promise<Answer> {
  const file = exported.files.find((one) => one.kind === kind)
  if (file === undefined)
    throw new CorruptRunFileError(
      `export.json in ${stage.folder.path} names no file of kind '${kind}'. Run the command 'export' again.`,
    )
  const predictor = await loadPredictor(onnxBytes(stage, file))
  try {
    const started = performance.now()
    const answer = await predictor.predict(toUnitInterval(digits), { ...options, batchSize: BATCH_SIZE, signal: stage.signal })
    const seconds = (performance.now() - started) / 1000
    const probabilities = { data: answer.probabilities, shape: [digits.count, CLASSES] }
    const outputs: Outputs = {
      probabilities: answer.probabilities,
      entropy: answer.entropy,
      ...(answer.expectedEntropy && { expectedEntropy: answer.expectedEntropy }),
      ...(answer.mutualInformation && { mutualInformation: answer.mutualInformation }),
    }
    const score: OnnxScore = {
      kind,
      rows: digits.count,
      samples,
      error: errorRate(probabilities, digits.labels),
      nll: nll(probabilities, digits.labels),
      entropy: mean(answer.entropy),
      mutualInformation: answer.mutualInformation === undefined ? null : mean(answer.mutualInformation),
      seconds,
      largestDifference: reference === null ? null : largestDifference(outputs, await reference()),
    }
    return { provider: predictor.provider, score }
  } finally {
    await predictor.dispose()
  }
}

/** The bytes that 'export' wrote; altered ones are refused before onnxruntime sees them. */
function onnxBytes({ folder }: Stage, { file, sha256 }: ExportedFile): Uint8Array {
  return folder.readBytes(file, 'export', sha256)
}

/** What tfjs says with the noise that onnxruntime was fed: draw s takes slice s of each layer's noise. */
function sameNoise(model: tf.LayersModel, digits: Digits, noise: readonly tf.Tensor[], samples: number): Outputs {
  const draws = tf.tidy(() => {
    const x = tf.tensor2d(toUnitInterval(digits), [digits.count, IMAGE_PIXELS])
    const each = Array.from({ length: samples }, (_, draw) =>
      tf.tidy(() => {
        const slices = noise.map((tensor) => tensor.slice([draw], [1]).squeeze([0]))
        const pass = new ForwardPass({ mode: 'sample', noise: givenNoise(slices) })
        return tf.softmax(model.apply(x, { pass }) as tf.Tensor)
      }),
    )
    return tf.stack(each).dataSync()
  })
  const shape = [samples, digits.count, CLASSES]
  const probabilities = new Float64Array(digits.count * CLASSES)
  for (let i = 0; i < draws.length; i++) probabilities[i % probabilities.length]! += draws[i]! / samples
  const { entropy, expectedEntropy, mutualInformation } = uncertainty({ data: draws, shape })
  return { probabilities, entropy, expectedEntropy, mutualInformation }
}

function largestDifference(outputs: Outputs, expected: Outputs): number {
  let largest = 0
  for (const [name, values] of Object.entries(outputs))
    for (let i = 0; i < values.length; i++) largest = Math.max(largest, Math.abs(values[i]! - expected[name]![i]!))
  return largest
}

const COLUMNS = [
  { heading: 'onnxruntime' },
  ...['rows', 'S', 'error', 'NLL', 'entropy', 'mutual inf.', 'time', 'difference to tfjs'].map((heading) => ({
    heading,
    numeric: true,
  })),
]

function cells(score: OnnxScore): string[] {
  return [
    { mean: 'means', noiseInput: 'noise as input', noiseGraph: 'noise in graph' }[score.kind],
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
