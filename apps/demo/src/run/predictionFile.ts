import type { GenericSchema } from 'valibot'
import * as v from 'valibot'
import { type OnnxKind, onnxKind } from './exportFile.ts'
import { count, finite, share } from './fields.ts'

export interface OnnxScore {
  readonly kind: OnnxKind
  readonly rows: number
  readonly samples: number | null
  readonly error: number
  readonly nll: number
  readonly entropy: number
  readonly mutualInformation: number | null
  readonly seconds: number
  /** The largest absolute difference to tfjs under the same noise, over every output; null where the file draws its own. */
  readonly largestDifference: number | null
}

/** `prediction.json`: what onnxruntime says. */
export interface PredictionFile {
  readonly provider: string
  readonly scores: readonly OnnxScore[]
}

export const predictionSchema: GenericSchema<unknown, PredictionFile> = v.object({
  provider: v.string(),
  scores: v.array(
    v.object({
      kind: onnxKind,
      rows: count,
      samples: v.nullable(count),
      error: share,
      nll: finite,
      entropy: finite,
      mutualInformation: v.nullable(finite),
      seconds: finite,
      largestDifference: v.nullable(finite),
    }),
  ),
})
