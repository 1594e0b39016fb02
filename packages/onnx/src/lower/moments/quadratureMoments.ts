import type { Tape } from '../../ir/tape.ts'
import type { Value } from '../../ir/value.ts'
import type { Uncertain } from './gaussianMoments.ts'

/**
 * Moments of f(X) for X ~ N(mean, variance) and any elementwise f, by Gauss-Hermite quadrature: f at mean + sigma * node, all nodes at once.
 * Exact for polynomials up to degree 23 (the mean) and 11 (the variance).
 *
 * @param apply appends f; gets [nodes, ...shape]
 */
export function quadratureMoments(tape: Tape, { mean, variance }: Uncertain, apply: (x: Value) => Value): Uncertain {
  const along = (key: string, values: readonly number[]): Value =>
    tape.constant(`${key}_rank_${mean.rank}`, () => [
      Float32Array.from(values),
      [values.length, ...Array<number>(mean.rank).fill(1)],
    ])
  const nodes = along('hermite_nodes', NODES)
  const weights = along('hermite_weights', WEIGHTS)
  const average = (values: Value): Value =>
    tape.op('ReduceSum', [tape.op('Mul', [values, weights]), tape.ints([0])], { keepdims: 0n })
  const sigma = tape.op('Sqrt', [variance])
  const values = apply(tape.op('Add', [mean, tape.op('Mul', [sigma, nodes])]))
  const meanOfValues = average(values)
  const difference = tape.op('Sub', [values, meanOfValues])
  return { mean: meanOfValues, variance: average(tape.op('Mul', [difference, difference])) }
}

/** The positive nodes for the standard normal density, roots of the Hermite polynomial He_12, and their weights. */
const HALF: readonly (readonly [number, number])[] = [
  [0.44440300194413895, 0.32166436151282995],
  [1.3403751971516167, 0.14696704804532995],
  [2.259464451000799, 0.029116687912364173],
  [3.2237098287700974, 0.0022033806875332],
  [4.2718258479322815, 4.837184922590644e-5],
  [5.500901704467748, 1.4999271676371623e-7],
]
const NODES: readonly number[] = [...HALF.map(([node]) => -node), ...HALF.map(([node]) => node)]
const WEIGHTS: readonly number[] = [...HALF, ...HALF].map(([, weight]) => weight)
