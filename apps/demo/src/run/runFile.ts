import type { GenericSchema } from 'valibot'
import * as v from 'valibot'
import { count } from './fields.ts'

/** How large a run is; chosen once, at training, and kept in `run.json` for the later stages. */
export interface Settings {
  /** int32; decides initial weights, order of examples and every draw. */
  readonly seed: number
  readonly epochs: number
  /** Units of each of the two hidden layers. */
  readonly hidden: number
  readonly batchSize: number
  /** Draws S of the predictive distribution. */
  readonly samples: number
  readonly trainRows: number
  readonly validationRows: number
  readonly testRows: number
  /** Minibatches, and noise draws on each, from which the gradient variance is estimated. */
  readonly gradientBatches: number
  readonly gradientDraws: number
  /** Test digits that are turned. */
  readonly rotatedDigits: number
  /** Test rows on which onnxruntime and tfjs get the same noise. */
  readonly comparedRows: number
}

/** `run.json`: what a run was asked to do, and where. */
export interface RunFile {
  readonly settings: Settings
  /** Folder of the MNIST files, or null for those of the npm package. */
  readonly dataFolder: string | null
  readonly backend: { readonly name: string; readonly message: string }
  /** Says that, and why, the run is smaller than the full one; null for the full one. */
  readonly reduced: string | null
  readonly machine: { readonly cpu: string; readonly cores: number; readonly platform: string }
  readonly versions: Readonly<Record<string, string>>
}

export const runSchema: GenericSchema<unknown, RunFile> = v.object({
  settings: v.object({
    seed: v.pipe(v.number(), v.integer(), v.minValue(0), v.maxValue(0x7fffffff)),
    epochs: count,
    hidden: count,
    batchSize: count,
    samples: count,
    trainRows: count,
    validationRows: count,
    testRows: count,
    gradientBatches: count,
    gradientDraws: count,
    rotatedDigits: count,
    comparedRows: count,
  }),
  dataFolder: v.nullable(v.string()),
  backend: v.object({ name: v.string(), message: v.string() }),
  reduced: v.nullable(v.string()),
  machine: v.object({ cpu: v.string(), cores: count, platform: v.string() }),
  versions: v.record(v.string(), v.string()),
})
