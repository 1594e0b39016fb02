import type { Tape } from '../../ir/tape.ts'
import type { Value } from '../../ir/value.ts'
import type { LeadingAxes } from '../lowering.ts'
import { denseProduct } from './denseProduct.ts'

/** What a layer does with its weights, as nodes: linear in the kernel, plus a bias. */
export interface OperatorLowering {
  readonly leadingAxes: LeadingAxes
  readonly apply: (tape: Tape, x: Value, kernel: Value, bias: Value | undefined) => Value
}

/** The operators of `@tfjs-bayes/layers` by their names there. */
export const operators: Readonly<Record<string, OperatorLowering>> = {
  dense: { leadingAxes: 'any', apply: denseProduct },
}
