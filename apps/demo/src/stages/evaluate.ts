import type * as tf from '@tensorflow/tfjs'
import { categorical, evaluateElbo, gradientVariance, type Predictive, predictive } from '@tfjs-bayes/training'
import { buildModel } from '../buildModel.ts'
import { CONTESTANTS, type Contestant, DETERMINISTIC, LRT } from '../contestants.ts'
import { MissingRunFileError } from '../errors.ts'
import { decimals, percent } from '../format.ts'
import { IMAGE_PIXELS } from '../mnist/idx.ts'
import { type Digits, loadMnist, type Mnist, packagedDataFolder } from '../mnist/mnist.ts'
import { comparisonTable, gradientVarianceTable, titleOf } from '../report/comparison.ts'
import type { ElboParts, EvaluatedModel, EvaluationFile, GradientVariance } from '../run/evaluationFile.ts'
import { loadModel } from '../run/modelStore.ts'
import type { Settings } from '../run/runFile.ts'
import type { TrainedModel } from '../run/trainingFile.ts'
import { checkSamples } from '../settings.ts'
import { formatTable } from '../table.ts'
import { startBackend } from './backend.ts'
import { type DigitTensors, digitTensors } from './digitTensors.ts'
import { disposing } from './disposing.ts'
import { extremeDigits } from './judgedDigits.ts'
import { rotation } from './rotation.ts'
import { median, score } from './score.ts'
import { type Stage, statusLine } from './stage.ts'

export interface EvaluateOptions {
  /** Draws S; default what the run was made with. */
  readonly samples?: number
}

/** Draws for the ELBO on the training and the validation rows. */
const ELBO_DRAWS = 3
const SHOWN_DIGITS = 7

/** Scores every trained network and writes `evaluation.json`: the one time that the test set is looked at. */
export async function evaluate(stage: Stage, options: EvaluateOptions): Promise<void> {
  const { folder, say } = stage
  const { settings, dataFolder } = folder.read('run')
  const trained = folder.read('training').models
  if (trained.length === 0)
    throw new MissingRunFileError(
      `${folder.path} holds no trained network: training was stopped too early. Run the command 'train' again.`,
    )
  const samples = checkSamples(options.samples ?? settings.samples)
  const mnist = loadMnist(dataFolder ?? packagedDataFolder(), settings)
  folder.requireWritable()
  await startBackend(stage)

  const content = await disposing(splits(mnist), (tensors) =>
    new Evaluator(stage, { ...settings, samples }, mnist.test, tensors).run(trained),
  )
  folder.write('evaluation', content)
  say('')
  const comparison = comparisonTable(content)
  say(formatTable(comparison.columns, comparison.rows))
  say(`\nELBO, NLL and KL: nats per training example. Test: mean of the probabilities of S = ${samples} draws; ECE with 15 bins.`)
  if (content.gradientVarianceAt === null) return
  say(`\nGradient variance, all at the weights of '${titleOf(content.gradientVarianceAt)}':\n`)
  const variance = gradientVarianceTable(content.gradientVariance)
  say(formatTable(variance.columns, variance.rows))
}

type Splits = Readonly<Record<keyof Mnist, DigitTensors>>

function splits({ train, validation, test }: Mnist): Splits & { dispose(): void } {
  const tensors = { train: digitTensors(train), validation: digitTensors(validation), test: digitTensors(test) }
  return {
    ...tensors,
    dispose: () => {
      for (const split of Object.values(tensors)) split.dispose()
    },
  }
}

class Evaluator {
  readonly #stage: Stage
  readonly #settings: Settings
  readonly #digits: Digits
  readonly #splits: Splits

  /** @param digits the test digits, which are also the split 'test' */
  constructor(stage: Stage, settings: Settings, digits: Digits, splits: Splits) {
    this.#stage = stage
    this.#settings = settings
    this.#digits = digits
    this.#splits = splits
  }

  async run(trained: readonly TrainedModel[]): Promise<EvaluationFile> {
    const judge = trained.find((model) => model.name === LRT) ?? trained.find((model) => model.name !== DETERMINISTIC)
    const models: EvaluatedModel[] = []
    let extremes: Pick<EvaluationFile, 'mostCertain' | 'leastCertain'> = { mostCertain: [], leastCertain: [] }
    for (const entry of trained) {
      await disposing(await this.#load(entry), async (model) =>
        disposing(await this.#predict(titleOf(entry.name), model), async (prediction) => {
          models.push(await this.#evaluateModel(entry, model, prediction))
          if (entry === judge) extremes = extremeDigits(this.#digits, prediction, SHOWN_DIGITS)
        }),
      )
    }
    const common = { samples: this.#settings.samples, models, ...extremes }
    if (judge === undefined) return { ...common, gradientVariance: [], gradientVarianceAt: null, judgedBy: null, rotation: [] }
    const deterministic = trained.find((model) => model.name === DETERMINISTIC)
    return disposing(await this.#load(judge), async (model) => ({
      ...common,
      gradientVariance: await this.#gradientVariances(model),
      gradientVarianceAt: judge.name,
      judgedBy: judge.name,
      rotation:
        deterministic === undefined
          ? await this.#rotation(model, null)
          : await disposing(await this.#load(deterministic), (plain) => this.#rotation(model, plain)),
    }))
  }

  #load({ name, sha256 }: TrainedModel): Promise<tf.LayersModel> {
    return loadModel(this.#stage.folder, name, sha256)
  }

  async #evaluateModel(entry: TrainedModel, model: tf.LayersModel, prediction: Predictive): Promise<EvaluatedModel> {
    const { train, validation, test } = this.#splits
    const { seed } = this.#settings
    const { signal, say } = this.#stage
    const labels = this.#digits.labels
    const deterministic = entry.name === DETERMINISTIC
    const evaluated: EvaluatedModel = {
      name: entry.name,
      keptEpoch: entry.keptEpoch,
      secondsPerEpoch: median(entry.epochs.map((epoch) => epoch.seconds)),
      train: await this.#elbo(model, train, deterministic),
      validation: await this.#elbo(model, validation, deterministic),
      test: score(prediction, labels, !deterministic),
      testAtMean: deterministic
        ? null
        : await disposing(await predictive(model, test.x, { mode: 'mean', seed, signal }), async (at) =>
            score(at, labels, false),
          ),
    }
    say(`${titleOf(entry.name)}: test error ${percent(evaluated.test.error)}, NLL ${decimals(evaluated.test.nll)} nats`)
    return evaluated
  }

  async #elbo(model: tf.LayersModel, { x, y }: DigitTensors, deterministic: boolean): Promise<ElboParts> {
    const { elbo, nll, klPerExample } = await evaluateElbo(
      model,
      { x, y },
      {
        likelihood: categorical(),
        datasetSize: this.#settings.trainRows,
        samples: deterministic ? 1 : ELBO_DRAWS,
        seed: this.#settings.seed,
        signal: this.#stage.signal,
      },
    )
    return { elbo, nll, klPerExample }
  }

  async #predict(title: string, model: tf.LayersModel): Promise<Predictive> {
    const { samples, seed } = this.#settings
    const status = statusLine(this.#stage.progress)
    const prediction = await predictive(model, this.#splits.test.x, {
      samples,
      seed,
      signal: this.#stage.signal,
      onProgress: ({ done, total, etaSeconds }) =>
        status.update(
          `${title}: test set, ${samples} draws, ${Math.floor((100 * done) / total)} %, ETA ${Math.ceil(etaSeconds)} s`,
        ),
    })
    status.clear()
    return prediction
  }

  /** Every estimator at the same weights and on the same minibatches, so that nothing but the estimator differs. */
  async #gradientVariances(at: tf.LayersModel): Promise<GradientVariance[]> {
    const { x, y } = this.#splits.train
    const { batchSize, gradientBatches, gradientDraws, trainRows, seed } = this.#settings
    const { signal, progress } = this.#stage
    const count = Math.min(gradientBatches, Math.floor(trainRows / batchSize))
    const batches = Array.from({ length: count }, (_, i) => ({
      x: x.slice([i * batchSize, 0], [batchSize, -1]),
      y: y.slice(i * batchSize, batchSize),
    }))
    const status = statusLine(progress)
    const variances: GradientVariance[] = []
    try {
      for (const contestant of CONTESTANTS.filter((one: Contestant) => one.estimation !== null)) {
        status.update(`Gradient variance: ${contestant.title}`)
        await disposing(buildModel(contestant, this.#settings), async (model) => {
          model.setWeights(at.getWeights())
          const layers = await gradientVariance(model, batches, {
            likelihood: categorical(),
            datasetSize: trainRows,
            draws: gradientDraws,
            seed,
            signal,
          })
          variances.push({ name: contestant.name, layers })
        })
      }
    } finally {
      for (const batch of batches) {
        batch.x.dispose()
        batch.y.dispose()
      }
      status.clear()
    }
    return variances
  }

  async #rotation(model: tf.LayersModel, deterministic: tf.LayersModel | null): Promise<EvaluationFile['rotation']> {
    const { samples, seed, rotatedDigits } = this.#settings
    const { signal, progress } = this.#stage
    const count = Math.min(rotatedDigits, this.#digits.count)
    const digits: Digits = {
      images: this.#digits.images.subarray(0, count * IMAGE_PIXELS),
      labels: this.#digits.labels.subarray(0, count),
      count,
    }
    const status = statusLine(progress)
    const onAngle = (degrees: number): void => status.update(`Turned digits: ${degrees} degrees`)
    const steps = await rotation(model, deterministic, digits, { samples, seed, signal, onAngle })
    status.clear()
    return steps
  }
}
