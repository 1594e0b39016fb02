import * as tf from '@tensorflow/tfjs'
import { requireFinite } from '../checks/data.ts'
import { InvalidOptionError, InvalidTargetError, ShapeMismatchError } from '../errors.ts'
import type { Likelihood } from '../likelihoods/likelihood.ts'
import { type TargetForm, targetForm } from '../likelihoods/targetForm.ts'
import { packed } from './columns.ts'
import type { DataParts } from './labelledData.ts'
import { type Rows, releaseRows, rowsTensor, shapeOf } from './rows.ts'
import type { Named } from './several.ts'

/** The integers that float32 can tell apart. */
const MOST_EXACT = 2 ** 24

/** Inputs as one tensor, and targets in the form of the likelihood that goes with them. */
export interface PreparedData {
  readonly x: tf.Tensor
  readonly y: tf.Tensor
  readonly likelihood: Likelihood
  dispose(): void
}

/**
 * Checks the values of inputs, targets, weights and masks, whose shapes were checked before.
 *
 * @returns the data in the form that training takes, to be disposed of
 * @throws NonFiniteDataError, ShapeMismatchError or InvalidTargetError
 */
export async function preparedData(
  parts: DataParts,
  model: tf.LayersModel,
  likelihoods: readonly Likelihood[],
): Promise<PreparedData> {
  const { weights, mask } = parts
  const form = targetForm(model, likelihoods, { weights: weights !== undefined, masks: mask.map((each) => each !== undefined) })
  const { x, y } = await preparedRows(parts, model, likelihoods, form, 'all')
  return {
    x,
    y,
    likelihood: form.likelihood,
    dispose: () => {
      releaseInputs(parts.x, x)
      y.dispose()
    },
  }
}

/**
 * Checks values and brings some rows into the form that training takes.
 *
 * @param rows whether they are all that there are, of which one must count, or a batch of them, which may be masked out as a whole
 * @returns `x` may be the given tensor (see `releaseInputs`); `y` is a new one and the caller's
 */
export async function preparedRows(
  parts: DataParts,
  model: tf.LayersModel,
  likelihoods: readonly Likelihood[],
  form: TargetForm,
  rows: 'all' | 'batch' = 'batch',
): Promise<{ readonly x: tf.Tensor; readonly y: tf.Tensor }> {
  const x = await preparedInputs(parts.x, model)
  try {
    return { x, y: await preparedTargets(parts, model, likelihoods, form, rows) }
  } catch (error) {
    releaseInputs(parts.x, x)
    throw error
  }
}

/**
 * Checks the values of inputs.
 *
 * @returns the given tensor, or a new one of an array or of several inputs (see `modelInputs`): to be freed by `releaseInputs`
 */
export async function preparedInputs(parts: readonly Named<Rows>[], model: tf.LayersModel): Promise<tf.Tensor> {
  const tensors = parts.map(({ value }, i) => rowsTensor(value, model.inputs[i]!.dtype))
  let result: tf.Tensor | undefined
  try {
    for (const [i, tensor] of tensors.entries()) {
      await requireFinite(parts[i]!.what, tensor)
      if (tensors.length > 1) await requireExact(parts[i]!.what, tensor)
    }
    result = tensors.length === 1 ? tensors[0]! : packed(tensors)
    return result
  } finally {
    for (const [i, tensor] of tensors.entries()) if (tensor !== result) releaseRows(parts[i]!.value, tensor)
  }
}

/** Disposes of what `preparedInputs` made. */
export function releaseInputs(parts: readonly Named<Rows>[], x: tf.Tensor | undefined): void {
  if (!parts.some(({ value }) => value === x)) x?.dispose()
}

async function preparedTargets(
  { y, mask, weights }: DataParts,
  model: tf.LayersModel,
  likelihoods: readonly Likelihood[],
  form: TargetForm,
  rows: 'all' | 'batch',
): Promise<tf.Tensor> {
  const made: tf.Tensor[] = []
  const own = (rows: Rows, tensor: tf.Tensor): tf.Tensor => {
    if (tensor !== rows) made.push(tensor)
    return tensor
  }
  try {
    const checked = weights && (await checkedWeights(weights, shapeOf(y[0]!.value)[0]!, rows))
    const counts = weights && checked && own(weights.value, checked.tensor)
    const targets: tf.Tensor[] = []
    const masks: (tf.Tensor | undefined)[] = []
    for (const [i, { what, value }] of y.entries()) {
      const given = own(value, rowsTensor(value))
      const each = mask[i]
      const known = each && own(each.value, (await checkedMask(each, value)).tensor)
      masks.push(known)
      const looked = known ? tf.tidy(() => tf.where(known.cast('bool'), given, tf.zerosLike(given))) : given
      if (known) made.push(looked)
      const prepare = likelihoods[i]!.prepareTargets
      const target = prepare ? await prepare(what, looked, model.outputs[i]!.shape) : looked.clone()
      made.push(target)
      if (each && known?.size !== target.size) {
        throw new ShapeMismatchError(
          each.what,
          shapeOf(each.value),
          'a number for each label; give labels as class indices with it',
        )
      }
      targets.push(target)
    }
    return form.pack(targets, masks, counts)
  } finally {
    tf.dispose(made)
  }
}

/**
 * The weights of a whole data set.
 *
 * @throws ShapeMismatchError or InvalidTargetError, also where no example counts
 */
export async function exampleWeights(weights: Named<Rows>, rows: number): Promise<ArrayLike<number>> {
  const { tensor, values } = await checkedWeights(weights, rows, 'all')
  releaseRows(weights.value, tensor)
  return values
}

/** A tensor of rows, to be released, with the values that were read to check them. */
interface Checked {
  readonly tensor: tf.Tensor
  readonly values: ArrayLike<number>
}

async function checkedWeights(weights: Named<Rows>, rows: number, which: 'all' | 'batch'): Promise<Checked> {
  const shape = shapeOf(weights.value)
  if (shape.length !== 1 || shape[0] !== rows) throw new ShapeMismatchError(weights.what, shape, `[${rows}], one a row`)
  const { tensor, values } = await checked(
    weights,
    (value) => value >= 0 && Number.isFinite(value),
    'a finite number of at least 0',
  )
  if (which === 'batch' || Array.from(values).some((value) => value > 0)) return { tensor, values }
  releaseRows(weights.value, tensor)
  throw new InvalidTargetError(weights.what, 0, 0, 'at least one weight above 0')
}

async function checkedMask(mask: Named<Rows>, y: Rows): Promise<Checked> {
  const expected = shapeOf(y)
  const shape = shapeOf(mask.value)
  if (!tf.util.arraysEqual([...shape], [...expected])) {
    throw new ShapeMismatchError(
      mask.what,
      shape,
      `[${expected.join(', ')}], the shape of y; whole examples are masked by weights`,
    )
  }
  return checked(mask, (value) => value === 0 || value === 1, '0 (missing) or 1 (known)')
}

async function checked(rows: Named<Rows>, allows: (value: number) => boolean, expected: string): Promise<Checked> {
  const tensor = rowsTensor(rows.value, 'float32')
  const values = await tensor.data()
  const bad = values.findIndex((value) => !allows(value))
  if (bad < 0) return { tensor, values }
  releaseRows(rows.value, tensor)
  throw new InvalidTargetError(rows.what, values[bad]!, bad, expected)
}

/** Integers travel as float32 where there are several inputs. */
async function requireExact(what: string, tensor: tf.Tensor): Promise<void> {
  if (tensor.dtype !== 'int32') return
  const most = tf.tidy(() => tf.max(tf.abs(tensor)))
  const [value] = await most.data()
  most.dispose()
  if (value! > MOST_EXACT)
    throw new InvalidOptionError(what, value, `integers of at most ${MOST_EXACT} in a model with several inputs`)
}
