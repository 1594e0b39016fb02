import { cpus } from 'node:os'
import { resolve } from 'node:path'
import { categorical, type EpochRecord, fit, terminalProgress } from '@tfjs-bayes/training'
import { buildModel } from '../buildModel.ts'
import { CONTESTANTS, type Contestant, LEARNING_RATE } from '../contestants.ts'
import { decimals, integer } from '../format.ts'
import { loadMnist, packagedDataFolder } from '../mnist/mnist.ts'
import { saveModel } from '../run/modelStore.ts'
import type { Settings } from '../run/runFile.ts'
import type { Epoch, TrainedModel } from '../run/trainingFile.ts'
import { chooseSettings, type SettingOverrides } from '../settings.ts'
import { versions } from '../versions.ts'
import { startBackend } from './backend.ts'
import { BestEpoch } from './bestEpoch.ts'
import { type DigitTensors, digitTensors } from './digitTensors.ts'
import { disposing } from './disposing.ts'
import type { Stage } from './stage.ts'

export interface TrainOptions extends SettingOverrides {
  /** Folder of the MNIST files; default those of the npm package. */
  readonly data?: string
  readonly tiny?: boolean
}

/** Draws for the ELBO on the validation rows, which chooses the epoch. */
const VALIDATION_DRAWS = 3

/**
 * Trains every contestant and keeps, of each, the epoch with the best validation ELBO.
 *
 * Settings and data are checked before the folder is touched. `training.json` is written anew after each network, so that an interruption loses at
 * most the one under way, and of that only the epochs after its best one.
 */
export async function train(stage: Stage, { data, tiny = false, ...overrides }: TrainOptions): Promise<void> {
  const { folder, say, signal } = stage
  const backend = await startBackend(stage)
  const { settings, reduced } = chooseSettings(backend.name, { tiny, ...overrides })
  const mnist = loadMnist(data ?? packagedDataFolder(), settings)
  folder.prepare()
  if (reduced !== null) say(reduced)
  folder.clear()
  folder.write('run', {
    settings,
    dataFolder: data === undefined ? null : resolve(data),
    backend: { name: backend.name, message: backend.message },
    reduced,
    machine: { cpu: cpus()[0]?.model.trim() ?? 'unknown', cores: cpus().length, platform: `${process.platform} ${process.arch}` },
    versions: versions(),
  })
  await disposing(digitTensors(mnist.train), (training) =>
    disposing(digitTensors(mnist.validation), (validation) => trainAll(stage, settings, { training, validation })),
  )
  signal.throwIfAborted()
}

interface Splits {
  readonly training: DigitTensors
  readonly validation: DigitTensors
}

async function trainAll(stage: Stage, settings: Settings, splits: Splits): Promise<void> {
  const { folder, say, signal } = stage
  const models: TrainedModel[] = []
  for (const [i, contestant] of CONTESTANTS.entries()) {
    if (signal.aborted) return
    say(
      `\n[${i + 1}/${CONTESTANTS.length}] ${contestant.title}: ${integer(settings.trainRows)} digits, ${settings.epochs} epochs`,
    )
    const trained = await trainOne(stage, contestant, settings, splits)
    if (trained === null) continue
    models.push(trained)
    folder.write('training', { models })
    const kept = trained.epochs[trained.keptEpoch - 1]!
    say(`Kept epoch ${trained.keptEpoch}: validation ELBO ${decimals(kept.validation.elbo)} nats per digit.`)
  }
}

async function trainOne(
  { folder, progress, signal }: Stage,
  contestant: Contestant,
  settings: Settings,
  { training, validation }: Splits,
): Promise<TrainedModel | null> {
  return disposing(buildModel(contestant, settings), async (model) => {
    const best = new BestEpoch(model)
    const epochs: Epoch[] = []
    const history = await fit(
      model,
      { ...training, validation },
      {
        likelihood: categorical(),
        epochs: settings.epochs,
        batchSize: settings.batchSize,
        seed: settings.seed,
        learningRate: LEARNING_RATE,
        validationSamples: contestant.estimation === null ? 1 : VALIDATION_DRAWS,
        signal,
        progress: terminalProgress(progress),
        onEpoch: async (record) => {
          const epoch = completeEpoch(record)
          if (epoch === null) return
          epochs.push(epoch)
          await best.offer(epoch.epoch, epoch.validation.elbo)
        },
      },
    )
    if (best.epoch === null) return null
    best.restore()
    return {
      name: contestant.name,
      keptEpoch: best.epoch,
      stopped: history.stopped === 'aborted' ? 'aborted' : 'finished',
      parameters: model.countParams(),
      epochs,
      sha256: await saveModel(folder, contestant.name, model),
    }
  })
}

/** The record of an epoch that ran to its end, counted from 1; null for one that was cut short. */
function completeEpoch({ epoch, elbo, nll, klPerExample, seconds, validation }: EpochRecord): Epoch | null {
  if (validation?.error === undefined) return null
  return {
    epoch: epoch + 1,
    elbo,
    nll,
    klPerExample,
    seconds,
    validation: { elbo: validation.elbo, nll: validation.nll, error: validation.error },
  }
}
