import { InvalidModelError } from './errors.ts'
import type { Tape } from './ir/tape.ts'
import type { Dimension, ElementType, Value } from './ir/value.ts'
import type { ModelPlan, Slot } from './plan/modelPlan.ts'

/**
 * Declares the inputs of a model: the batch is the symbol `batch`, another size that the model leaves open a symbol of its own.
 *
 * @throws InvalidModelError for an input of a type that no layer computes with
 */
export function declareInputs(tape: Tape, plan: ModelPlan): readonly Value[] {
  return plan.inputs.map(({ name, slot }) => tape.input(name, elementTypeOf(slot, name), shapeOf(slot, name)))
}

function elementTypeOf({ dtype }: Slot, name: string): ElementType {
  if (dtype === 'float32') return 'float'
  if (dtype === 'int32' || dtype === 'bool') return dtype
  throw new InvalidModelError(`The input "${name}" has the type ${dtype}; expected float32, int32 or bool.`)
}

function shapeOf({ shape }: Slot, name: string): readonly Dimension[] {
  return shape.map((size, axis) => (axis === 0 ? 'batch' : (size ?? `${name}_axis_${axis}`)))
}
