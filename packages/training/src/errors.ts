/** Base of every error of this package; `code` is stable, the text is not. */
export abstract class TrainingError extends Error {
  abstract readonly code: string
}

/** An option is outside its range. */
export class InvalidOptionError extends TrainingError {
  override readonly name = 'InvalidOptionError'
  readonly code = 'INVALID_OPTION'
  readonly option: string
  readonly value: unknown

  constructor(option: string, value: unknown, expected: string) {
    super(`${option} is ${describe(value)}; expected ${expected}.`)
    this.option = option
    this.value = value
  }
}

/** A tensor or array has the wrong shape for the model or for its partner. */
export class ShapeMismatchError extends TrainingError {
  override readonly name = 'ShapeMismatchError'
  readonly code = 'SHAPE_MISMATCH'
  readonly shape: readonly number[]

  constructor(what: string, shape: readonly number[], expected: string) {
    super(`${what} has shape [${shape.join(', ')}]; expected ${expected}.`)
    this.shape = shape
  }
}

/** Data hold a NaN or an infinite number. */
export class NonFiniteDataError extends TrainingError {
  override readonly name = 'NonFiniteDataError'
  readonly code = 'NON_FINITE_DATA'
  readonly value: number
  readonly index: readonly number[]

  constructor(what: string, value: number, index: readonly number[]) {
    super(`${what}[${index.join(', ')}] is ${value}; every entry must be finite. Clean or drop that row before training.`)
    this.value = value
    this.index = index
  }
}

/** The model's output is NaN or infinite. */
export class NonFiniteOutputError extends TrainingError {
  override readonly name = 'NonFiniteOutputError'
  readonly code = 'NON_FINITE_OUTPUT'
  readonly row: number

  constructor(row: number) {
    super(
      `The model's output for row ${row} is NaN or infinite. Its weights have diverged or were loaded wrong: train again with a lower learning rate.`,
    )
    this.row = row
  }
}

/** A target is not one that the likelihood can have produced. */
export class InvalidTargetError extends TrainingError {
  override readonly name = 'InvalidTargetError'
  readonly code = 'INVALID_TARGET'
  readonly value: number
  readonly index: number

  constructor(what: string, value: number, index: number, expected: string) {
    super(`${what}[${index}] is ${value}; expected ${expected}.`)
    this.value = value
    this.index = index
  }
}

/** A probability is negative, above 1 or not a number, or a row of them does not sum to 1. */
export class InvalidProbabilityError extends TrainingError {
  override readonly name = 'InvalidProbabilityError'
  readonly code = 'INVALID_PROBABILITY'
  readonly row: number

  constructor(row: number, what: string) {
    super(`Row ${row} of the probabilities ${what}. Hand in probabilities (softmax of logits), not logits or logarithms.`)
    this.row = row
  }
}

/** A stream of batches is not as long as was said. */
export class StreamLengthError extends TrainingError {
  override readonly name = 'StreamLengthError'
  readonly code = 'STREAM_LENGTH'

  constructor(what: string) {
    super(`${what} Say how many there are (batchesPerEpoch), or correct datasetSize and batchSize.`)
  }
}

/** A metric is not defined for these data. */
export class UndefinedMetricError extends TrainingError {
  override readonly name = 'UndefinedMetricError'
  readonly code = 'UNDEFINED_METRIC'
}

/** The model cannot be trained or evaluated on the ELBO as it is. */
export class UnsupportedModelError extends TrainingError {
  override readonly name = 'UnsupportedModelError'
  readonly code = 'UNSUPPORTED_MODEL'

  constructor(what: string, remedy: string) {
    super(`${what} ${remedy}`)
  }
}

/** A checkpoint is that of another run: another model, other data or other settings. */
export class CheckpointMismatchError extends TrainingError {
  override readonly name = 'CheckpointMismatchError'
  readonly code = 'CHECKPOINT_MISMATCH'
  readonly setting: string

  constructor(setting: string, saved: unknown, current: unknown) {
    const [was, is] = differingExcerpts(saved, current)
    super(
      `The checkpoint is that of another run: ${setting} was ${was} and is now ${is}. ` +
        'Start with what it was made with, or in another place.',
    )
    this.setting = setting
  }
}

/** The loss became NaN or infinite. */
export class DivergedLossError extends TrainingError {
  override readonly name = 'DivergedLossError'
  readonly code = 'DIVERGED_LOSS'
  readonly epoch: number
  readonly batch: number
  readonly nll: number
  readonly kl: number

  constructor(at: { epoch: number; batch: number; nll: number; kl: number }) {
    super(
      `The loss diverged in epoch ${at.epoch}, batch ${at.batch} (both from 0): NLL ${at.nll} nats per example, KL ${at.kl} nats. ` +
        'The weights are not usable. Lower the learning rate, start with a smaller posterior sigma, or check the scale of the data.',
    )
    this.epoch = at.epoch
    this.batch = at.batch
    this.nll = at.nll
    this.kl = at.kl
  }
}

function describe(value: unknown): string {
  if (typeof value === 'string') return `'${value}'`
  if (typeof value === 'function') return `the function ${value.name}`
  if (value === null || typeof value !== 'object') return String(value)
  return value.constructor?.name ?? 'an object'
}

/** A weight became NaN or infinite. */
export class DivergedWeightsError extends TrainingError {
  override readonly name = 'DivergedWeightsError'
  readonly code = 'DIVERGED_WEIGHTS'
  readonly epoch: number
  readonly batch: number

  constructor({ epoch, batch, weights }: { epoch: number; batch: number; weights: readonly string[] }) {
    super(
      `Weights became NaN or infinite by epoch ${epoch}, batch ${batch} (both from 0): ${weights.join(', ')}. ` +
        'They are not usable. Lower the learning rate, start with a smaller posterior sigma, or check the scale of the data.',
    )
    this.epoch = epoch
    this.batch = batch
  }
}

/** Most characters of plain data in an error message. */
const EXCERPT = 120

/** Two plain data as text, cut to what an error message can hold: where they begin to differ. */
function differingExcerpts(...values: readonly [unknown, unknown]): readonly [string, string] {
  const texts = values.map((value) => (typeof value === 'string' ? value : String(JSON.stringify(value)))) as [string, string]
  let same = 0
  while (same < texts[0].length && texts[0][same] === texts[1][same]) same++
  const from = Math.max(...texts.map(({ length }) => length)) <= EXCERPT ? 0 : Math.max(0, same - EXCERPT / 4)
  const excerpt = (text: string): string =>
    `${from > 0 ? '...' : ''}${text.slice(from, from + EXCERPT)}${text.length > from + EXCERPT ? '...' : ''}`
  return [excerpt(texts[0]), excerpt(texts[1])]
}
