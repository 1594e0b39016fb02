/** An argument of a layer that cannot be meant. */
export class InvalidLayerArgumentError extends Error {
  override readonly name = 'InvalidLayerArgumentError'
  readonly code = 'INVALID_LAYER_ARGUMENT'

  constructor(layer: string, problem: string, options?: ErrorOptions) {
    super(`Layer "${layer}": ${problem}`, options)
  }

  /** The error for one argument: what it is, and what was expected. */
  static of(layer: string, argument: string, got: unknown, expected: string): InvalidLayerArgumentError {
    return new InvalidLayerArgumentError(layer, `${argument} is ${print(got)}; expected ${expected}.`)
  }
}

/** A prior and a road to the KL divergence that do not go together. */
export class UnsupportedKlError extends Error {
  override readonly name = 'UnsupportedKlError'
  readonly code = 'UNSUPPORTED_KL'

  constructor(layer: string, reason: string, fix: string) {
    super(`Layer "${layer}": ${reason}. ${fix}`)
  }
}

/** An estimator that cannot work with a layer's operator. */
export class UnsupportedEstimatorError extends Error {
  override readonly name = 'UnsupportedEstimatorError'
  readonly code = 'UNSUPPORTED_ESTIMATOR'

  constructor(layer: string, estimator: string, operator: string, reason: string) {
    super(`Layer "${layer}": estimator '${estimator}' cannot work with ${operator}: ${reason}. Use another estimator.`)
  }
}

/** `model.fit` asked for the KL term of a layer that does not know the number of training examples. */
export class MissingDatasetSizeError extends Error {
  override readonly name = 'MissingDatasetSizeError'
  readonly code = 'MISSING_DATASET_SIZE'

  constructor(layer: string) {
    super(
      `Layer "${layer}": model.fit needs the number of training examples, because the KL enters the loss as KL / datasetSize and a batch does not tell it. ` +
        `Give datasetSize to the layer, or train with fit of @tfjs-bayes/training.`,
    )
  }
}

/** A forward pass in mode 'sample' without a noise source, or a noise source that does not give what the pass asked for. */
export class NoiseError extends Error {
  override readonly name = 'NoiseError'
  readonly code = 'NOISE'
}

/** A layer asked for its weights before it has seen an input shape. */
export class LayerNotBuiltError extends Error {
  override readonly name = 'LayerNotBuiltError'
  readonly code = 'LAYER_NOT_BUILT'

  constructor(layer: string) {
    super(`Layer "${layer}" has no weights yet: add it to a model, or call build(inputShape).`)
  }
}

/** A saved layer that this version cannot read. */
export class UnsupportedFormatError extends Error {
  override readonly name = 'UnsupportedFormatError'
  readonly code = 'UNSUPPORTED_FORMAT'

  constructor(layer: string, got: unknown, expected: string) {
    super(
      `Layer "${layer}" was saved in a format that this version of @tfjs-bayes/layers cannot read: got ${print(got)}, expected ${expected}. ` +
        `Load it with the version that saved it, or with a newer one.`,
    )
  }
}

/** A model that cannot be made Bayesian in the way asked for. */
export class ConversionError extends Error {
  override readonly name = 'ConversionError'
  readonly code = 'CONVERSION'
}

/** An option of a function that cannot be meant. */
export class InvalidOptionError extends Error {
  override readonly name = 'InvalidOptionError'
  readonly code = 'INVALID_OPTION'

  constructor(of: string, option: string, got: unknown, expected: string) {
    super(`${of}: ${option} is ${print(got)}; expected ${expected}.`)
  }
}

function print(value: unknown): string {
  if (typeof value === 'number' || value === undefined) return String(value)
  return JSON.stringify(value) ?? String(value)
}
