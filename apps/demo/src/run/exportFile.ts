import type { GenericSchema } from 'valibot'
import * as v from 'valibot'
import { count, sha256 } from './fields.ts'

export type OnnxKind = 'mean' | 'noiseInput' | 'noiseGraph'

export interface ExportedFile {
  readonly kind: OnnxKind
  readonly file: string
  readonly bytes: number
  readonly sha256: string
}

/** `export.json` */
export interface ExportFile {
  readonly model: string
  readonly files: readonly ExportedFile[]
}

export const onnxKind: GenericSchema<unknown, OnnxKind> = v.picklist(['mean', 'noiseInput', 'noiseGraph'])

export const exportSchema: GenericSchema<unknown, ExportFile> = v.object({
  model: v.string(),
  files: v.array(v.object({ kind: onnxKind, file: v.string(), bytes: count, sha256 })),
})
