import { InvalidOptionError } from '../errors.ts'

/** One for a model with one input (or output); several by place, or by the names of the model's inputs (or outputs). */
export type Several<T> = T | readonly T[] | Readonly<Record<string, T>>

/** One of several, with what to call it in an error. */
export interface Named<T> {
  readonly what: string
  readonly value: T
}

/**
 * Takes several apart, in the order of the names.
 *
 * @param names of the model's inputs or outputs
 * @param isOne tells one from several
 * @param kind what each is, for errors
 * @throws InvalidOptionError where there are too few, too many, or others
 */
export function several<T>(
  what: string,
  given: Several<T>,
  names: readonly string[],
  isOne: (value: unknown) => value is T,
  kind: string,
): readonly Named<T>[] {
  const found = partlySeveral(what, given, names, isOne, kind)
  const missing = found.indexOf(undefined)
  if (missing >= 0) throw new InvalidOptionError(`${what}.${names[missing]}`, undefined, kind)
  return found as readonly Named<T>[]
}

/** As `several`, where some may be left out. */
export function partlySeveral<T>(
  what: string,
  given: Several<T | undefined>,
  names: readonly string[],
  isOne: (value: unknown) => value is T,
  kind: string,
): readonly (Named<T> | undefined)[] {
  if (isOne(given)) {
    if (names.length === 1) return [{ what, value: given }]
    throw new InvalidOptionError(what, 'one', `one for each of ${names.join(', ')}, by place or by name`)
  }
  if (given === null || typeof given !== 'object') throw new InvalidOptionError(what, given, kind)
  const values = Array.isArray(given)
    ? ofList(what, given as readonly (T | undefined)[], names, isOne, kind)
    : ofRecord(what, given as Readonly<Record<string, T>>, names, kind)
  return values.map((value, i) => {
    if (value === undefined) return undefined
    const name = names.length === 1 ? what : `${what}.${names[i]}`
    if (!isOne(value)) throw new InvalidOptionError(name, value, kind)
    return { what: name, value }
  })
}

/** The same form with something else in it. */
export function mapSeveral<T, U>(given: Several<T>, isOne: (value: unknown) => value is T, map: (one: T) => U): Several<U> {
  if (isOne(given)) return map(given)
  if (Array.isArray(given)) return given.map((one: T) => map(one))
  return Object.fromEntries(Object.entries(given as Readonly<Record<string, T>>).map(([name, one]) => [name, map(one)]))
}

function ofList<T>(
  what: string,
  given: readonly (T | undefined)[],
  names: readonly string[],
  isOne: (value: unknown) => value is T,
  kind: string,
): readonly (T | undefined)[] {
  if (given.length === names.length) return given
  if (!given.some(isOne)) throw new InvalidOptionError(what, given, kind)
  throw new InvalidOptionError(`the length of ${what}`, given.length, `${kind} for each of ${names.join(', ')}`)
}

function ofRecord<T>(
  what: string,
  given: Readonly<Record<string, T>>,
  names: readonly string[],
  kind: string,
): readonly (T | undefined)[] {
  const unknown = Object.keys(given).find((name) => !names.includes(name))
  if (unknown === undefined) return names.map((name) => given[name])
  throw new InvalidOptionError(what, `{ ${unknown} }`, `${kind}${names.length > 1 ? ', by the names' : ''} ${names.join(', ')}`)
}
