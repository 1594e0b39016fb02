import { GraphInvariantError } from '../errors.ts'
import type { Attributes } from '../ir/node.ts'
import type { TensorType, Value } from '../ir/value.ts'
import { showShape } from './dimensions.ts'
import { ShapeError } from './opSchema.ts'
import { SCHEMAS, sinceVersion } from './schemas.ts'

/**
 * The types of an operator's results.
 *
 * @param opType an operator of the default operator set
 * @param inputs its inputs; shapes, axes and the like must be initializers
 * @param attributes its attributes
 * @param opset the model's opset
 * @returns one type per result
 * @throws GraphInvariantError where the operator is unknown or its inputs do not fit
 */
export function inferTypes(
  opType: string,
  inputs: readonly (Value | undefined)[],
  attributes: Attributes,
  opset: number,
): readonly TensorType[] {
  const schema = SCHEMAS[opType]
  if (schema == null || sinceVersion(opType, opset) == null)
    throw new GraphInvariantError([`${opType} is not in the table of operators of opset ${opset}`])
  try {
    return schema.infer(inputs, attributes)
  } catch (error) {
    if (!(error instanceof ShapeError)) throw error
    const shapes = inputs.map((value) => (value == null ? '-' : showShape(value.shape))).join(', ')
    throw new GraphInvariantError([`${opType}(${shapes}): ${error.message}`])
  }
}
