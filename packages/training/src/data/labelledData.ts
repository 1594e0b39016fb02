import type * as tf from '@tensorflow/tfjs'
import { requireInputShape } from '../checks/model.ts'
import { requireObject } from '../checks/options.ts'
import { InvalidOptionError, ShapeMismatchError } from '../errors.ts'
import type { Likelihood } from '../likelihoods/likelihood.ts'
import { inputNames, outputNames } from '../model/severalTensors.ts'
import { isRows, type Rows, requireRows, shapeOf } from './rows.ts'
import { type Named, partlySeveral, type Several, several } from './several.ts'

/** Inputs and targets, one row an example; they stay the caller's. */
export interface LabelledData {
  /** [rows, ...], finite; for a model with several inputs one for each, by place or by name. */
  readonly x: Several<Rows>
  /** [rows, ...], what the likelihood takes; for a model with several outputs one for each. */
  readonly y: Several<Rows>
  /**
   * How many times each example counts, [rows], finite and 0 or more (0 masks it out); default once. Figures stay sums over the rows, divided by the number of
   * rows: with weights of mean 1 they read per example.
   */
  readonly weights?: Rows
  /**
   * Which numbers or labels of a target are known (1) and which are missing (0, whatever y holds there), of the shape of y; default all. A row whose target is
   * missing altogether has a log-likelihood of 0. Of several outputs those without a mask may be left out.
   */
  readonly mask?: Several<Rows | undefined>
}

/** Labelled data taken apart: inputs, targets and masks in the order of the model's inputs and outputs. */
export interface DataParts {
  readonly x: readonly Named<Rows>[]
  readonly y: readonly Named<Rows>[]
  readonly mask: readonly (Named<Rows> | undefined)[]
  readonly weights: Named<Rows> | undefined
}

/**
 * Takes labelled data apart and checks their shapes, before any work.
 *
 * @param what what to call the data in an error
 * @throws InvalidOptionError or ShapeMismatchError
 */
export function dataParts(
  what: string,
  data: LabelledData,
  model: tf.LayersModel,
  likelihoods: readonly Likelihood[],
): DataParts {
  requireObject(what, data, '{ x, y }')
  const x = inputParts(`${what}.x`, data.x, model)
  const y = rowsByName(`${what}.y`, data.y, outputNames(model))
  const mask =
    data.mask === undefined ? y.map(() => undefined) : partlySeveral(`${what}.mask`, data.mask, outputNames(model), isRows, ROWS)
  const rows = rowsOf(x)
  for (const { what: name, value } of y) {
    requireRows(name, value)
    const shape = shapeOf(value)
    if (shape[0] !== rows) throw new ShapeMismatchError(name, shape, `one row for each of the ${rows} rows of ${x[0]!.what}`)
  }
  if (data.weights !== undefined && !isRows(data.weights)) throw new InvalidOptionError(`${what}.weights`, data.weights, ROWS)
  for (const [i, each] of mask.entries()) {
    const { name, elements } = likelihoods[i]!
    if (each === undefined || elements) continue
    const why = `whose targets have no parts; weights of 0 mask out whole examples`
    throw new InvalidOptionError(each.what, 'set', `to be left out with the likelihood '${name}', ${why}`)
  }
  return { x, y, mask, weights: data.weights && { what: `${what}.weights`, value: data.weights } }
}

/** The inputs of a model in its order, with their shapes checked, and at least one row. */
export function inputParts(what: string, x: Several<Rows>, model: tf.LayersModel): readonly Named<Rows>[] {
  const parts = rowsByName(what, x, inputNames(model))
  for (const [i, part] of parts.entries()) {
    const shape = shapeOf(part.value)
    if (shape.length === 0 || shape[0] === 0) throw new ShapeMismatchError(part.what, shape, 'at least one row')
    requireInputShape(part.what, part.value, model, i)
    if (shape[0] !== rowsOf(parts))
      throw new ShapeMismatchError(part.what, shape, `${rowsOf(parts)} rows, as ${parts[0]!.what} has`)
  }
  return parts
}

export const rowsOf = ([first]: readonly Named<Rows>[]): number => shapeOf(first!.value)[0]!

const ROWS = 'a tensor, a typed array or { values, shape }'

const rowsByName = (what: string, given: Several<Rows>, names: readonly string[]): readonly Named<Rows>[] =>
  several(what, given, names, isRows, ROWS)
