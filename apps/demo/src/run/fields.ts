import type { GenericSchema } from 'valibot'
import * as v from 'valibot'

export const finite: GenericSchema<number> = v.pipe(v.number(), v.finite())
export const count: GenericSchema<number> = v.pipe(v.number(), v.integer(), v.minValue(1))
export const share: GenericSchema<number> = v.pipe(v.number(), v.minValue(0), v.maxValue(1))
export const sha256: GenericSchema<string> = v.pipe(v.string(), v.regex(/^[0-9a-f]{64}$/, 'expected a sha256'))
