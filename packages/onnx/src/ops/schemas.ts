import { elementwise } from './elementwise.ts'
import { linear } from './linear.ts'
import type { OpSchema } from './opSchema.ts'
import { recurrent } from './recurrent.ts'
import { reduction } from './reduction.ts'
import { shaping } from './shaping.ts'
import { spatial } from './spatial.ts'

/** Every operator that this package writes, and common ones that lowerings of other layers may want; `schemas.test.ts` holds the table against the schemas of Python's onnx package. */
export const SCHEMAS: Readonly<Record<string, OpSchema>> = {
  ...elementwise,
  ...linear,
  ...recurrent,
  ...reduction,
  ...shaping,
  ...spatial,
}

/**
 * The version of an operator's schema that rules at an opset.
 *
 * @param opType an operator of the default operator set
 * @param opset the model's opset
 * @returns its since-version; undefined for an operator that this package does not know, or that is younger than the opset
 */
export function sinceVersion(opType: string, opset: number): number | undefined {
  return SCHEMAS[opType]?.since.findLast((version) => version <= opset)
}
