/** Nodes and weights of a quadrature rule. */
export interface QuadratureRule {
  readonly nodes: readonly number[]
  readonly weights: readonly number[]
}

const rules = new Map<number, QuadratureRule>()

/**
 * The Gauss-Legendre rule with n nodes for integrals over [-1, 1], exact for polynomials of degree 2 n - 1; by Newton's method on the
 * three-term recurrence, in float64.
 */
export function gaussLegendre(n: number): QuadratureRule {
  const known = rules.get(n)
  if (known) return known
  const nodes: number[] = []
  const weights: number[] = []
  for (let i = 0; i < n; i++) {
    let x = -Math.cos((Math.PI * (i + 0.75)) / (n + 0.5))
    let slope = 0
    for (let step = 0; step < 100; step++) {
      let [previous, value] = [1, x]
      for (let k = 2; k <= n; k++) [previous, value] = [value, ((2 * k - 1) * x * value - (k - 1) * previous) / k]
      slope = (n * (x * value - previous)) / (x * x - 1)
      const change = value / slope
      x -= change
      if (Math.abs(change) < 1e-15) break
    }
    nodes.push(x)
    weights.push(2 / ((1 - x * x) * slope * slope))
  }
  const rule = { nodes, weights }
  rules.set(n, rule)
  return rule
}
