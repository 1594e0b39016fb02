import { inverseNormalCdf } from './inverseNormalCdf.ts'
import { randomIntegers } from './randomIntegers.ts'

/**
 * How the draws of one unit hang together; each by itself is standard normal, and units are independent of each other.
 *
 * - `independent`: not at all.
 * - `antithetic`: the second half is the first with the other sign, so odd moments are 0.
 * - `latinHypercube`: one draw in each of S equally probable strata, in random order.
 * - `momentMatched`: independent draws, shifted and scaled so that their mean is 0 and their variance 1.
 * - `stratified`: the medians of the S strata, scaled to variance 1, in random order: every unit has the same values, only the order is random.
 */
export type DrawMethod = 'independent' | 'antithetic' | 'latinHypercube' | 'momentMatched' | 'stratified'

export const DRAW_METHODS: readonly DrawMethod[] = ['independent', 'antithetic', 'latinHypercube', 'momentMatched', 'stratified']

/** Which draws to make. */
export interface DrawOptions {
  readonly samples: number
  /** Number of units. */
  readonly size: number
  readonly seed: number
  readonly method: DrawMethod
}

/**
 * Standard normal draws that are stored in a file: the same arguments give the same numbers on every machine.
 *
 * @returns [samples, size], row-major
 */
export function standardDraws({ samples, size, seed, method }: DrawOptions): Float32Array {
  const draws = new Float32Array(samples * size)
  const next = randomIntegers(seed)
  // Strictly between 0 and 1.
  const uniform = (): number => (next() + 0.5) / 2 ** 32
  const column = columnOf(method, samples, uniform)
  for (let unit = 0; unit < size; unit++) {
    const values = column()
    for (let sample = 0; sample < samples; sample++) draws[sample * size + unit] = values[sample]!
  }
  return draws
}

/** A seed of its own for each stream of a seed. */
export function streamSeed(seed: number, stream: number): number {
  return Math.imul(seed + 1, 0x9e3779b1) ^ Math.imul(stream + 1, 0x85ebca77)
}

function columnOf(method: DrawMethod, samples: number, uniform: () => number): () => Float64Array {
  const normal = (): number => inverseNormalCdf(uniform())
  switch (method) {
    case 'independent':
      return () => Float64Array.from({ length: samples }, normal)
    case 'antithetic':
      return () => {
        const half = Float64Array.from({ length: Math.floor(samples / 2) }, normal)
        // An odd one out is drawn by itself.
        return Float64Array.from([...half, ...half.map((value) => -value), ...(samples % 2 === 1 ? [normal()] : [])])
      }
    case 'latinHypercube':
      return () =>
        shuffled(
          Float64Array.from({ length: samples }, (_, stratum) => inverseNormalCdf((stratum + uniform()) / samples)),
          uniform,
        )
    case 'momentMatched':
      return () => standardized(Float64Array.from({ length: samples }, normal))
    case 'stratified': {
      const medians = standardized(
        Float64Array.from({ length: samples }, (_, stratum) => inverseNormalCdf((stratum + 0.5) / samples)),
      )
      // One draw has no variance to scale; its stratum's median, 0, would make every draw the mean.
      return samples === 1 ? () => Float64Array.of(normal()) : () => shuffled(medians.slice(), uniform)
    }
  }
}

/** Mean 0 and variance 1 (divided by their number); one draw stays as it is. */
function standardized(values: Float64Array): Float64Array {
  if (values.length < 2) return values
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length
  const variance = values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / values.length
  return values.map((value) => (value - mean) / Math.sqrt(variance))
}

/** Fisher and Yates. */
function shuffled(values: Float64Array, uniform: () => number): Float64Array {
  for (let i = values.length - 1; i > 0; i--) {
    const j = Math.floor(uniform() * (i + 1))
    const value = values[i]!
    values[i] = values[j]!
    values[j] = value
  }
  return values
}
