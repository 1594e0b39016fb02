/** A set of numbers: where a parameter must lie, or where a distribution has its mass. */
export interface Constraint {
  /** Short name, as it stands in tables. */
  readonly name: string
  /** How an error message asks for it. */
  readonly expected: string
  /** Whether a number lies in the set. */
  readonly holds: (x: number) => boolean
}

export const real: Constraint = { name: 'real', expected: 'a finite number', holds: Number.isFinite }

export const positive: Constraint = {
  name: '> 0',
  expected: 'a finite number > 0. An unconstrained parameter becomes positive through softplus',
  holds: (x) => x > 0 && Number.isFinite(x),
}

export const nonNegative: Constraint = {
  name: '>= 0',
  expected: 'a finite number >= 0',
  holds: (x) => x >= 0 && Number.isFinite(x),
}

export const unitInterval: Constraint = { name: '[0, 1]', expected: 'a probability from 0 to 1', holds: (x) => x >= 0 && x <= 1 }

export const binary: Constraint = { name: '{0, 1}', expected: '0 or 1', holds: (x) => x === 0 || x === 1 }

export const count: Constraint = {
  name: '{0, 1, 2, ...}',
  expected: 'an integer >= 0',
  holds: (x) => Number.isInteger(x) && x >= 0,
}

export const interval: Constraint = { name: '[low, high]', expected: 'a number from low to high', holds: Number.isFinite }

export const label: Constraint = { name: '{0, ..., K - 1}', expected: 'the number of a class', holds: count.holds }

export const realVector: Constraint = { name: 'real vector', expected: 'finite numbers', holds: Number.isFinite }
