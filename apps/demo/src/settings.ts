import { InvalidSettingError } from './errors.ts'
import type { Settings } from './run/runFile.ts'

/** What the command line may set; the rest follows from the backend. */
export type SettingOverrides = Partial<Pick<Settings, 'seed' | 'epochs' | 'hidden' | 'batchSize' | 'samples'>>

/** All of MNIST on the native backend: the run that the README shows. The one place where its length is decided. */
const FULL: Settings = {
  seed: 1,
  epochs: 10,
  hidden: 400,
  batchSize: 128,
  samples: 100,
  trainRows: 50_000,
  validationRows: 10_000,
  testRows: 10_000,
  gradientBatches: 5,
  gradientDraws: 20,
  rotatedDigits: 200,
  comparedRows: 100,
}

/** About a twentieth of the work, for WebAssembly. */
const SMALL: Settings = {
  ...FULL,
  epochs: 4,
  hidden: 100,
  samples: 30,
  trainRows: 20_000,
  validationRows: 2_000,
  testRows: 2_000,
  gradientBatches: 3,
  gradientDraws: 10,
  rotatedDigits: 50,
}

/** For plain JavaScript. */
const SMALLER: Settings = {
  ...SMALL,
  epochs: 3,
  hidden: 50,
  samples: 10,
  trainRows: 4_000,
  validationRows: 500,
  testRows: 500,
  gradientBatches: 2,
  gradientDraws: 5,
  rotatedDigits: 20,
  comparedRows: 20,
}

/** Seconds on any backend: shows that the whole path works, and nothing else. */
const TINY: Settings = {
  ...SMALLER,
  epochs: 2,
  hidden: 16,
  samples: 8,
  trainRows: 512,
  validationRows: 128,
  testRows: 128,
  gradientDraws: 3,
  rotatedDigits: 4,
  comparedRows: 8,
}

/** The ranges of the settings that the command line may set, both ends included. */
export const SETTING_RANGES: Readonly<Record<keyof SettingOverrides, readonly [number, number]>> = {
  seed: [0, 0x7fffffff],
  epochs: [1, 1000],
  hidden: [1, 4096],
  batchSize: [1, 50_000],
  samples: [1, 10_000],
}

/**
 * Decides how large a run is.
 *
 * @param backend name of tfjs's backend; anything but 'tensorflow' gets a smaller run
 * @param tiny asks for a run of seconds
 * @param overrides what the user asked for by name, which wins
 * @returns the settings, and a sentence that says that and why the run is smaller than the full one, or null
 * @throws InvalidSettingError
 */
export function chooseSettings(
  backend: string,
  { tiny = false, ...overrides }: SettingOverrides & { readonly tiny?: boolean },
): { settings: Settings; reduced: string | null } {
  const size = tiny ? TINY : (SIZES[backend] ?? SMALLER)
  const settings = { ...size, ...overrides }
  for (const name of Object.keys(SETTING_RANGES) as (keyof SettingOverrides)[]) checkRange(name, settings[name])
  if (settings.batchSize > settings.trainRows)
    throw new InvalidSettingError(
      `batchSize is ${settings.batchSize}, but this run trains on ${settings.trainRows} examples; choose a --batch-size up to that.`,
    )
  return { settings, reduced: reason(size, settings, backend) }
}

/** The number of draws that a later stage was asked for. @throws InvalidSettingError */
export function checkSamples(samples: number): number {
  checkRange('samples', samples)
  return samples
}

function checkRange(name: keyof SettingOverrides, value: number): void {
  const [least, most] = SETTING_RANGES[name]
  if (!Number.isInteger(value) || value < least || value > most)
    throw new InvalidSettingError(`${name} is ${value}; expected a whole number from ${least} to ${most}.`)
}

const SIZES: Readonly<Record<string, Settings>> = { tensorflow: FULL, wasm: SMALL, cpu: SMALLER }

function reason(size: Settings, settings: Settings, backend: string): string | null {
  if (size === FULL) return null
  const why =
    size === TINY ? 'Tiny run, as asked for by --tiny' : `Smaller run, because the backend is '${backend}' and not native`
  return (
    `${why}: ${settings.trainRows} training and ${settings.testRows} test examples, ${settings.epochs} epochs, ` +
    `${settings.hidden} hidden units, S = ${settings.samples}. Its figures are not those of the full run.`
  )
}
