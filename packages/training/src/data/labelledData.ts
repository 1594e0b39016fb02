import * as tf from '@tensorflow/tfjs'
import { requireFinite } from '../checks/data.ts'
import { InvalidOptionError, InvalidTargetError, ShapeMismatchError } from '../errors.ts'
import type { Likelihood } from '../likelihoods/likelihood.ts'
import { type WeightedTargets, weightedLikelihood } from '../likelihoods/weightedLikelihood.ts'
import { type Rows, releaseRows, rowsTensor, shapeOf } from './rows.ts'

/** Inputs and targets, one row an example; they stay the caller's. */
export interface LabelledData {
  /** [rows, ...], finite. */
  readonly x: Rows
  /** [rows, ...], what the likelihood takes. */
  readonly y: Rows
  /**
   * How many times each example counts, [rows], finite and 0 or more (0 masks it out); default once. Figures stay sums over the rows, divided by the number of
   * rows: with weights of mean 1 they read per example.
   */
  readonly weights?: Rows
  /**
   * Which numbers or labels of a target are known (1) and which are missing (0, whatever y holds there), of the shape of y; default all. For likelihoods of
   * numbers and of yes-or-no labels; a row whose target is missing altogether has a log-likelihood of 0.
   */
  readonly mask?: Rows
}

/** Inputs, and targets in the form of the likelihood that goes with them. */
export interface PreparedData {
  readonly x: tf.Tensor
  readonly y: tf.Tensor
  readonly likelihood: Likelihood
  dispose(): void
}

/**
 * Checks the values of inputs, targets, weights and mask, whose shapes were checked before.
 *
 * @returns the data in the form that training takes, to be disposed of
 * @throws NonFiniteDataError, ShapeMismatchError or InvalidTargetError
 */
export async function preparedData(
  what: string,
  data: LabelledData,
  likelihood: Likelihood,
  model: tf.LayersModel,
): Promise<PreparedData> {
  const extras = { weights: data.weights !== undefined, mask: data.mask !== undefined }
  const weighted = extras.weights || extras.mask ? weightedLikelihood(likelihood, extras) : undefined
  if (data.weights) await exampleWeights(`${what}.weights`, data.weights, shapeOf(data.x)[0]!)
  const { x, y } = await preparedRows(what, data, likelihood, model, weighted)
  return {
    x,
    y,
    likelihood: weighted?.likelihood ?? likelihood,
    dispose: () => {
      releaseRows(data.x, x)
      y.dispose()
    },
  }
}

/**
 * Checks values and brings some rows into the form that training takes.
 *
 * @param weighted where targets travel with weights and a mask: what packs them
 * @returns `x` is the given tensor, or a new one of an array; `y` a new one; new ones are the caller's
 */
export async function preparedRows(
  what: string,
  data: LabelledData,
  likelihood: Likelihood,
  model: tf.LayersModel,
  weighted?: WeightedTargets,
): Promise<{ readonly x: tf.Tensor; readonly y: tf.Tensor }> {
  const x = rowsTensor(data.x, model.inputs[0]!.dtype)
  try {
    await requireFinite(`${what}.x`, x)
    return { x, y: await preparedTargets(what, data, likelihood, model, weighted) }
  } catch (error) {
    releaseRows(data.x, x)
    throw error
  }
}

async function preparedTargets(
  what: string,
  data: LabelledData,
  likelihood: Likelihood,
  model: tf.LayersModel,
  weighted: WeightedTargets | undefined,
): Promise<tf.Tensor> {
  const given = rowsTensor(data.y)
  let [weights, mask, known, y]: (tf.Tensor | undefined)[] = []
  try {
    weights = data.weights && (await checkedWeights(`${what}.weights`, data.weights, given.shape[0]!))
    mask = data.mask && (await checkedMask(`${what}.mask`, data.mask, data.y))
    known = mask ? tf.tidy(() => tf.where(mask!.cast('bool'), given, tf.zerosLike(given))) : given
    const outputShape = model.outputs[0]!.shape
    y = likelihood.prepareTargets ? await likelihood.prepareTargets(`${what}.y`, known, outputShape) : known.clone()
    return weighted ? weighted.pack(y, weights, mask) : y
  } finally {
    releaseRows(data.weights, weights)
    releaseRows(data.mask, mask)
    if (known !== given) known?.dispose()
    releaseRows(data.y, given)
    if (weighted) y?.dispose()
  }
}

/**
 * The weights of a whole data set.
 *
 * @throws ShapeMismatchError or InvalidTargetError, also where no example counts
 */
export async function exampleWeights(what: string, weights: Rows, rows: number): Promise<ArrayLike<number>> {
  const tensor = await checkedWeights(what, weights, rows)
  const values = await tensor.data()
  releaseRows(weights, tensor)
  if (values.every((value) => value === 0)) throw new InvalidTargetError(what, 0, 0, 'at least one weight above 0')
  return values
}

async function checkedWeights(what: string, weights: Rows, rows: number): Promise<tf.Tensor> {
  const shape = shapeOf(weights)
  if (shape.length !== 1 || shape[0] !== rows) throw new ShapeMismatchError(what, shape, `[${rows}], one a row`)
  return checked(what, weights, (value) => value >= 0 && Number.isFinite(value), 'a finite number of at least 0')
}

async function checkedMask(what: string, mask: Rows, y: Rows): Promise<tf.Tensor> {
  const expected = shapeOf(y)
  const shape = shapeOf(mask)
  if (!tf.util.arraysEqual([...shape], [...expected])) {
    throw new ShapeMismatchError(what, shape, `[${expected.join(', ')}], the shape of y; whole examples are masked by weights`)
  }
  return checked(what, mask, (value) => value === 0 || value === 1, '0 (missing) or 1 (known)')
}

async function checked(what: string, rows: Rows, allows: (value: number) => boolean, expected: string): Promise<tf.Tensor> {
  const tensor = rowsTensor(rows, 'float32')
  const values = await tensor.data()
  const bad = values.findIndex((value) => !allows(value))
  if (bad < 0) return tensor
  releaseRows(rows, tensor)
  throw new InvalidTargetError(what, values[bad]!, bad, expected)
}

/** Refuses a likelihood that knows no single numbers of a target where some of them are missing. */
export function requireMaskable(what: string, { mask }: LabelledData, likelihood: Likelihood): void {
  if (mask === undefined || likelihood.elements) return
  throw new InvalidOptionError(
    `${what}.mask`,
    'set',
    `to be left out with the likelihood '${likelihood.name}', whose targets have no parts; weights of 0 mask out whole examples`,
  )
}
