import { InvalidOptionError } from '../errors.ts'

/** Refuses what holds no named values: nothing, a number, a string, a list. */
export function requireObject(option: string, value: unknown, expected: string): void {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw new InvalidOptionError(option, value, expected)
}

export function requirePositiveInteger(option: string, value: number): void {
  if (!Number.isSafeInteger(value) || value < 1) throw new InvalidOptionError(option, value, 'an integer of at least 1')
}

export function requirePositive(option: string, value: number): void {
  if (!(value > 0) || !Number.isFinite(value)) throw new InvalidOptionError(option, value, 'a finite number above 0')
}

export function requireNonNegative(option: string, value: number): void {
  if (!(value >= 0) || !Number.isFinite(value)) throw new InvalidOptionError(option, value, 'a finite number of at least 0')
}

export function requireSeed(option: string, value: number): void {
  if (!Number.isInteger(value) || value !== (value | 0)) {
    throw new InvalidOptionError(
      option,
      value,
      'an int32 (an integer from -2147483648 to 2147483647); the same seed gives the same bits',
    )
  }
}
