import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { writeAtomically } from '../../run/writeAtomically.ts'
import type { Configuration, Experiment, FinishedPart, Part } from './experiment.ts'

const FORMAT = 'tfjs-bayes-experiment-part'

/**
 * The finished parts of an experiment, one JSON file each.
 *
 * A part is known by everything that decides its result: experiment, version, settings, configuration and seed. A file that is damaged or of other
 * settings is as good as none, so that its part is computed again.
 */
export class PartStore {
  readonly #folder: string
  readonly #experiment: Experiment
  readonly #settings: object

  /** @param folder the output folder of the experiment */
  constructor(folder: string, experiment: Experiment, settings: object) {
    this.#folder = folder
    this.#experiment = experiment
    this.#settings = settings
  }

  /** File name without ending: the part in words, and a hash of all that decides it. */
  nameOf({ configuration, seed }: Part<Configuration>): string {
    const { name, version } = this.#experiment
    const identity = JSON.stringify({ experiment: name, version, settings: this.#settings, configuration, seed })
    return `${configuration.name}-seed-${seed}-${createHash('sha256').update(identity).digest('hex').slice(0, 10)}`
  }

  /** The part if it is finished. */
  read<C extends Configuration>(part: Part<C>): FinishedPart<C, unknown> | undefined {
    let envelope: Partial<Envelope> | null
    try {
      envelope = JSON.parse(readFileSync(this.#path(part), 'utf8')) as Partial<Envelope> | null
    } catch {
      return undefined
    }
    if (envelope?.format !== FORMAT || envelope.result === undefined || typeof envelope.seconds !== 'number') return undefined
    return { ...part, result: envelope.result, seconds: envelope.seconds }
  }

  /** Keeps a finished part. @throws UnwritableFolderError */
  write({ configuration, seed, result, seconds }: FinishedPart<Configuration, unknown>): void {
    const { name, version } = this.#experiment
    const envelope: Envelope = {
      format: FORMAT,
      experiment: name,
      version,
      settings: this.#settings,
      configuration,
      seed,
      seconds,
      result,
    }
    writeAtomically(this.#path({ configuration, seed }), `${JSON.stringify(envelope, null, 1)}\n`)
  }

  #path(part: Part<Configuration>): string {
    return join(this.#folder, 'parts', `${this.nameOf(part)}.json`)
  }
}

interface Envelope {
  readonly format: string
  readonly experiment: string
  readonly version: number
  readonly settings: object
  readonly configuration: Configuration
  readonly seed: number
  readonly seconds: number
  readonly result: unknown
}
