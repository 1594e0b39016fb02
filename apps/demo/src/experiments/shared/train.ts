import { existsSync, mkdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import * as tf from '@tensorflow/tfjs'
import {
  categorical,
  type EpochRecord,
  evaluateElbo,
  fit,
  type Predictive,
  predictive,
  terminalProgress,
} from '@tfjs-bayes/training'
import { openRunFolder } from '@tfjs-bayes/training/node'
import { writeAtomically } from '../../run/writeAtomically.ts'
import { disposing } from '../../stages/disposing.ts'
import { score } from '../../stages/score.ts'
import type { PartContext } from '../framework/experiment.ts'
import type { DigitSet, DigitSplits } from './digits.ts'
import { heldBeta, twoPhaseRate, type WarmUpChoice } from './schedules.ts'
import { shiftedDigits } from './shiftedDigits.ts'

/** How a network is trained, as JSON. */
export interface TrainingChoice extends WarmUpChoice {
  readonly epochs: number
  readonly batchSize: number
  /** Highest rate of Adam; see `twoPhaseRate`. */
  readonly learningRate: number
  /** The rate stays where it is; default false. */
  readonly constantRate?: boolean
  /** Digits are moved by up to a pixel, anew each time; default false. */
  readonly shifts?: boolean
}

/** How training is judged, as JSON. */
export interface JudgingChoice {
  /** Draws of the predictive distribution that chooses the epoch, on the validation rows. */
  readonly validationDraws: number
  /** Draws of the predictive distribution on the test rows, for the epoch chosen by validation NLL. */
  readonly testDraws: number
  /** The same for the epoch with the best ELBO. */
  readonly elboTestDraws: number
  /** Only epochs with beta 1 whose KL / N at their end is at most this can be chosen by validation NLL; null: any KL. */
  readonly klLimit: number | null
}

/** One epoch; nats per example. */
export interface EpochResult {
  /** From 1. */
  readonly epoch: number
  readonly elbo: number
  readonly nll: number
  readonly klPerExample: number
  readonly beta: number
  /** KL / N of the weights at the end of the epoch; `klPerExample` is the mean over its steps. */
  readonly klAtEnd: number
  readonly seconds: number
  /** Seconds of processor time, over all cores: what the epoch costs whoever else uses the machine. Null where an interruption cut the count. */
  readonly cpuSeconds: number | null
  /** Of the posterior predictive on the validation rows. */
  readonly validation: Quality
  /** Of one pass with the posterior means. */
  readonly validationAtMean: Quality
}

/** How good predictions are. */
export interface Quality {
  readonly error: number
  readonly nll: number
}

/** A network at an epoch that was chosen. */
export interface Chosen {
  readonly epoch: number
  /** ELBO and its parts on the training rows, at these weights. */
  readonly train: { readonly elbo: number; readonly nll: number; readonly klPerExample: number }
  readonly validation: Quality
  /** Of the posterior predictive. */
  readonly test: Quality & { readonly ece: number; readonly mutualInformation: number | null }
  /** Of one pass with the posterior means. */
  readonly testAtMean: Quality & { readonly ece: number }
}

export interface TrainedResult {
  readonly epochs: readonly EpochResult[]
  readonly compiled: boolean
  readonly parameters: number
  /** The epoch with the best validation NLL (within the limit of KL / N); null where no epoch is within. */
  readonly byNll: Chosen | null
  /** The epoch with the best training ELBO. */
  readonly byElbo: Chosen
}

/** Looks further at a chosen network, before it is gone. */
export type Inspect = (model: tf.LayersModel, by: 'nll' | 'elbo') => Promise<void>

/**
 * Trains a network so that an interruption loses a minute, judges it on the validation rows after each epoch, and at the end scores the epochs that
 * were chosen on the test rows: the only time that those are looked at.
 *
 * @param model a new network; its weights are changed
 * @param options.seed decides the order of the rows and all noise
 * @returns plain data
 */
export async function trainAndJudge(
  model: tf.LayersModel,
  splits: DigitSplits,
  options: TrainingChoice & JudgingChoice & { readonly seed: number },
  context: PartContext,
  inspect?: Inspect,
): Promise<TrainedResult> {
  const judge = new Judge(model, splits, options, context)
  const { epochs, batchSize, learningRate, seed } = options
  const { signal } = context
  const folder = await openRunFolder(join(context.scratch, 'training'))
  let compiled: boolean
  try {
    const { train } = splits
    const history = await fit(model, options.shifts ? shiftedDigits(train, options) : train, {
      likelihood: categorical(),
      datasetSize: train.count,
      epochs,
      batchSize,
      seed,
      learningRate: options.constantRate ? learningRate : twoPhaseRate(learningRate, options),
      beta: heldBeta(options),
      checkpoint: { store: folder, everySeconds: SECONDS_AT_RISK },
      signal,
      progress: terminalProgress(context.progress),
      onEpoch: (record) => judge.offer(record),
    })
    compiled = history.execution.compiled
  } finally {
    await folder.close()
  }
  signal.throwIfAborted()
  const scored = async (by: 'nll' | 'elbo'): Promise<Chosen | null> => {
    const epoch = judge.restore(by)
    if (epoch === undefined) return null
    const chosen = await scoreChosen(
      model,
      splits,
      epoch,
      { ...options, draws: by === 'nll' ? options.testDraws : options.elboTestDraws },
      signal,
    )
    await inspect?.(model, by)
    return chosen
  }
  const byNll = await scored('nll')
  const byElbo = judge.epochOf('elbo') === judge.epochOf('nll') && byNll !== null ? byNll : (await scored('elbo'))!
  return { epochs: judge.epochs, compiled, parameters: model.countParams(), byNll, byElbo }
}

/** Work that a killed process may lose. */
const SECONDS_AT_RISK = 60

/** The mean of beta over an epoch of ones is not exactly 1. */
const WHOLE_BETA = 0.9999

/** Scores each epoch, and keeps on disk what was scored and the weights of the best. Offering an epoch again changes nothing: a run that goes on repeats some. */
class Judge {
  readonly #model: tf.LayersModel
  readonly #validation: DigitSet
  readonly #options: JudgingChoice & { readonly seed: number }
  readonly #rows: number
  readonly #folder: string
  #epochs: EpochResult[]
  /** Processor time at the end of the last epoch; the first one after the start is not whole. */
  #cpuMark: number | undefined

  constructor(
    model: tf.LayersModel,
    { train, validation }: DigitSplits,
    options: JudgingChoice & { readonly seed: number },
    { scratch }: PartContext,
  ) {
    this.#model = model
    this.#validation = validation
    this.#options = options
    this.#rows = train.count
    this.#folder = join(scratch, 'judged')
    mkdirSync(this.#folder, { recursive: true })
    const log = join(this.#folder, 'epochs.json')
    this.#epochs = existsSync(log) ? (JSON.parse(readFileSync(log, 'utf8')) as EpochResult[]) : []
  }

  get epochs(): readonly EpochResult[] {
    return this.#epochs
  }

  async offer({ epoch, elbo, nll, klPerExample, beta, seconds, examples }: EpochRecord): Promise<void> {
    const cpuSeconds = this.#cpuMark === undefined ? null : processorSeconds() - this.#cpuMark
    if (examples < this.#rows) return
    const number = epoch + 1
    // Without the signal: fit counts an epoch as done that ended before the interruption, and will not offer it again.
    const at = { seed: this.#options.seed }
    const validation = await this.#quality({ ...at, samples: this.#options.validationDraws })
    const validationAtMean = await this.#quality({ ...at, mode: 'mean' as const })
    const klAtEnd = await this.#klPerExample()
    const result: EpochResult = {
      epoch: number,
      elbo,
      nll,
      klPerExample,
      beta,
      klAtEnd,
      seconds,
      cpuSeconds,
      validation,
      validationAtMean,
    }
    this.#epochs = [...this.#epochs.filter((before) => before.epoch < number), result]
    for (const by of ['nll', 'elbo'] as const) {
      if (this.epochOf(by) === number) writeAtomically(this.#weightsOf(by), await weightBytes(this.#model))
    }
    writeAtomically(join(this.#folder, 'epochs.json'), JSON.stringify(this.#epochs))
    this.#cpuMark = processorSeconds()
  }

  /** The best epoch so far; undefined where none can be chosen. */
  epochOf(by: 'nll' | 'elbo'): number | undefined {
    const { klLimit } = this.#options
    const worth = (epoch: EpochResult): number => (by === 'elbo' ? epoch.elbo : -epoch.validation.nll)
    // An epoch with the KL down-weighted is a tempered posterior, whatever it predicts.
    const allowed = ({ klAtEnd, beta }: EpochResult): boolean => beta > WHOLE_BETA && (klLimit === null || klAtEnd <= klLimit)
    const candidates = this.#epochs.filter((epoch) => by === 'elbo' || allowed(epoch))
    return candidates.reduce<EpochResult | undefined>((a, b) => (a === undefined || worth(b) > worth(a) ? b : a), undefined)
      ?.epoch
  }

  /** Gives the model the weights of the best epoch, and tells which one it is; undefined where none can be chosen. */
  restore(by: 'nll' | 'elbo'): number | undefined {
    const epoch = this.epochOf(by)
    if (epoch !== undefined) setWeightBytes(this.#model, readFileSync(this.#weightsOf(by)))
    return epoch
  }

  /** The KL does not depend on the rows: one of them will do. */
  async #klPerExample(): Promise<number> {
    const { x, y } = this.#validation
    const row = { x: x.slice([0, 0], [1, -1]), y: y.slice([0], [1]) }
    try {
      const options = { likelihood: categorical(), datasetSize: this.#rows, seed: this.#options.seed }
      return (await evaluateElbo(this.#model, row, options)).klPerExample
    } finally {
      tf.dispose(row)
    }
  }

  #weightsOf(by: 'nll' | 'elbo'): string {
    return join(this.#folder, `${by}.bin`)
  }

  async #quality(options: Parameters<typeof predictive>[2]): Promise<Quality> {
    const { x, labels } = this.#validation
    return disposing(await predictive(this.#model, x, options), async (prediction) => qualityOf(prediction, labels))
  }
}

/** Processor time of this process so far, user and system. */
function processorSeconds(): number {
  const { user, system } = process.cpuUsage()
  return (user + system) / 1e6
}

async function scoreChosen(
  model: tf.LayersModel,
  { train, validation, test }: DigitSplits,
  epoch: number,
  { seed, validationDraws, draws }: JudgingChoice & { readonly seed: number; readonly draws: number },
  signal: AbortSignal,
): Promise<Chosen> {
  const likelihood = categorical()
  const { elbo, nll, klPerExample } = await evaluateElbo(model, train, { likelihood, datasetSize: train.count, seed, signal })
  const predicted = async <T>(set: DigitSet, options: object, use: (prediction: Predictive) => T): Promise<T> =>
    disposing(await predictive(model, set.x, { seed, signal, ...options }), async (prediction) => use(prediction))
  return {
    epoch,
    train: { elbo, nll, klPerExample },
    validation: await predicted(validation, { samples: validationDraws }, (each) => qualityOf(each, validation.labels)),
    test: await predicted(test, { samples: draws }, (each) => {
      const { error, nll: testNll, ece, mutualInformation } = score(each, test.labels, each.samples > 1)
      return { error, nll: testNll, ece, mutualInformation }
    }),
    testAtMean: await predicted(test, { mode: 'mean' }, (each) => {
      const { error, nll: testNll, ece } = score(each, test.labels, false)
      return { error, nll: testNll, ece }
    }),
  }
}

function qualityOf(prediction: Predictive, labels: ArrayLike<number>): Quality {
  const { error, nll } = score(prediction, labels, false)
  return { error, nll }
}

/** All weights one after the other, as float32. */
async function weightBytes(model: tf.LayersModel): Promise<Uint8Array> {
  const values = await Promise.all(model.getWeights().map((weight) => weight.data()))
  return Buffer.concat(values.map((each) => Buffer.from(Float32Array.from(each).buffer)))
}

function setWeightBytes(model: tf.LayersModel, bytes: Uint8Array): void {
  const numbers = new Float32Array(new Uint8Array(bytes).buffer)
  let start = 0
  const tensors = model.getWeights().map(({ shape, size }) => {
    const tensor = tf.tensor(numbers.slice(start, start + size), shape)
    start += size
    return tensor
  })
  model.setWeights(tensors)
  tf.dispose(tensors)
}
