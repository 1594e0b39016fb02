import type { QuadratureRule } from './gaussLegendre.ts'

const rules = new Map<number, QuadratureRule>()

/**
 * The Gauss-Hermite rule with n nodes for E f(z), z ~ N(0, 1), exact for polynomials of degree 2 n - 1: nodes by bisection between those of the
 * rule with one node less, which they interlace; in float64 with orthonormal polynomials, which do not overflow.
 */
export function gaussHermite(n: number): QuadratureRule {
  const known = rules.get(n)
  if (known) return known
  const inner = n > 1 ? gaussHermite(n - 1).nodes : []
  const reach = 2 * Math.sqrt(n) + 1
  const edges = [-reach, ...inner, reach]
  const nodes = Array.from({ length: n }, (_, i) => root((x) => hermite(n, x).at(-1)!, edges[i]!, edges[i + 1]!))
  const weights = nodes.map((x) => 1 / hermite(n - 1, x).reduce((sum, value) => sum + value * value, 0))
  const rule = { nodes, weights }
  rules.set(n, rule)
  return rule
}

/** The orthonormal Hermite polynomials of degrees 0 to n for the weight of N(0, 1), at x. */
function hermite(n: number, x: number): number[] {
  const values = [1]
  for (let k = 0; k < n; k++) values.push((x * values[k]! - Math.sqrt(k) * (values[k - 1] ?? 0)) / Math.sqrt(k + 1))
  return values
}

/** The zero of a function that changes its sign between two bounds. */
function root(f: (x: number) => number, low: number, high: number): number {
  let [left, right] = [low, high]
  const rising = f(high) > 0
  for (let step = 0; step < 200; step++) {
    const middle = (left + right) / 2
    if (f(middle) > 0 === rising) right = middle
    else left = middle
  }
  return (left + right) / 2
}
