import { describe, expect, test } from 'vitest'
import { PRIMITIVE_POLYNOMIALS, primitivePolynomial } from './primitivePolynomials.ts'
import { sobolPoints } from './sobolPoints.ts'

const column = (points: Float64Array, dimensions: number, index: number): number[] =>
  Array.from({ length: points.length / dimensions }, (_, sample) => points[sample * dimensions + index]!)

describe('primitive polynomials', () => {
  test('are those of tables up to degree 4', () => {
    // Lidl & Niederreiter, "Finite Fields", table D.
    const table = ['11', '111', '1011', '1101', '10011', '11001']
    expect(table.map((_, i) => primitivePolynomial(i).toString(2))).toEqual(table)
  })

  test('are phi(2^d - 1) / d of each degree', () => {
    const counts = new Map<number, number>()
    for (let i = 0; i < PRIMITIVE_POLYNOMIALS; i++) {
      const degree = 31 - Math.clz32(primitivePolynomial(i))
      counts.set(degree, (counts.get(degree) ?? 0) + 1)
    }
    const phi = (n: number): number => Array.from({ length: n }, (_, i) => i + 1).filter((k) => gcd(k, n) === 1).length
    for (const [degree, count] of counts) expect(count, `degree ${degree}`).toBe(phi(2 ** degree - 1) / degree)
    expect(counts.size).toBe(16)
  })
})

describe('Sobol points', () => {
  test.each([1, 2, 8, 64])('each coordinate of %d points has one in each interval', (samples) => {
    // The last ones are beyond the polynomials' first round.
    for (const first of [0, 700, PRIMITIVE_POLYNOMIALS - 1]) {
      const points = sobolPoints({ samples, first, dimensions: 40, seed: 5 })
      for (let index = 0; index < 40; index++) {
        const intervals = column(points, 40, index).map((point) => Math.floor(point * samples))
        expect([...intervals].sort((a, b) => a - b)).toEqual(Array.from({ length: samples }, (_, i) => i))
      }
    }
  })

  test('the first two coordinates of 2^k points have one in each of the 2^k boxes of every shape', () => {
    const samples = 64
    const points = sobolPoints({ samples, first: 0, dimensions: 2, seed: 9 })
    for (let wide = 1; wide <= samples; wide *= 2) {
      const boxes = new Set<string>()
      for (let i = 0; i < samples; i++) {
        boxes.add(`${Math.floor(points[2 * i]! * wide)} ${Math.floor(points[2 * i + 1]! * (samples / wide))}`)
      }
      expect(boxes.size, `boxes of 1/${wide} x ${wide}/${samples}`).toBe(samples)
    }
  })

  test('a coordinate does not depend on which others are asked for; seeds differ', () => {
    const all = sobolPoints({ samples: 10, first: 0, dimensions: 12, seed: 3 })
    const some = sobolPoints({ samples: 10, first: 7, dimensions: 3, seed: 3 })
    expect(column(some, 3, 1)).toEqual(column(all, 12, 8))
    expect(sobolPoints({ samples: 10, first: 0, dimensions: 12, seed: 4 })).not.toEqual(all)
  })

  test('over seeds each coordinate is uniform, and coordinates are uncorrelated', () => {
    const seeds = 2000
    const products: number[] = []
    const firsts: number[] = []
    for (let seed = 0; seed < seeds; seed++) {
      const points = sobolPoints({ samples: 3, first: 20, dimensions: 2, seed })
      firsts.push(points[2]! - 0.5)
      products.push((points[2]! - 0.5) * (points[3]! - 0.5))
    }
    const z = (values: readonly number[], deviation: number): number =>
      values.reduce((sum, value) => sum + value, 0) / (deviation * Math.sqrt(seeds))
    // Fixed seeds; beyond 4 with a probability of 6e-5.
    expect(Math.abs(z(firsts, Math.sqrt(1 / 12)))).toBeLessThan(4)
    expect(Math.abs(z(products, 1 / 12))).toBeLessThan(4)
  })

  test('averages a smooth function of four coordinates far better than random numbers', () => {
    const samples = 256
    const error = (points: Float64Array): number => {
      let sum = 0
      for (let i = 0; i < samples; i++)
        sum += points.subarray(4 * i, 4 * i + 4).reduce((product, u) => product * (1 + 0.5 * (u - 0.5)), 1)
      return (sum / samples - 1) ** 2
    }
    const seeds = Array.from({ length: 20 }, (_, seed) => seed)
    const sobol =
      seeds.reduce((sum, seed) => sum + error(sobolPoints({ samples, first: 0, dimensions: 4, seed })), 0) / seeds.length
    // Independent points: variance ((1 + 1/48)^4 - 1) / samples.
    expect(sobol).toBeLessThan(((1 + 1 / 48) ** 4 - 1) / samples / 100)
  })
})

function gcd(a: number, b: number): number {
  return b === 0 ? a : gcd(b, a % b)
}
