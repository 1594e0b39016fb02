/** A distribution's parameter lies outside its support. */
export class InvalidParameterError extends Error {
  override readonly name = 'InvalidParameterError'
  readonly code = 'INVALID_PARAMETER'
}

/** Two shapes that must agree, or broadcast, do not. */
export class ShapeMismatchError extends Error {
  override readonly name = 'ShapeMismatchError'
  readonly code = 'SHAPE_MISMATCH'
}

/** There is no closed form for this pair of distributions. */
export class NoClosedFormError extends Error {
  override readonly name = 'NoClosedFormError'
  readonly code = 'NO_CLOSED_FORM'
}

/** A road to a KL divergence does not exist for a pair of distributions, or none does. */
export class NoKlMethodError extends Error {
  override readonly name = 'NoKlMethodError'
  readonly code = 'NO_KL_METHOD'
}

/** A serialized distribution names a family that nobody registered, or its parameters are not that family's. */
export class UnknownFamilyError extends Error {
  override readonly name = 'UnknownFamilyError'
  readonly code = 'UNKNOWN_FAMILY'
}

/** A distribution has no such quantity: it does not exist, or has no formula. */
export class UndefinedQuantityError extends Error {
  override readonly name = 'UndefinedQuantityError'
  readonly code = 'UNDEFINED_QUANTITY'
}
