import { expect, test } from 'vitest'
import { normalQuantile } from './normalQuantile.ts'

// Python 3.11.7: statistics.NormalDist().inv_cdf(p), Wichura's algorithm AS 241.
test.each([
  [2 ** -33, -6.337957754553789],
  [1e-6, -4.753424308822899],
  [0.01, -2.3263478740408408],
  [0.3, -0.5244005127080407],
  [0.4999, -0.0002506628300880075],
  [0.5, 0],
  [0.975, 1.959963984540054],
  [1 - 2 ** -33, 6.337957754553789],
])('the quantile at %f', (p, expected) => {
  expect(Math.abs(normalQuantile(p) - expected)).toBeLessThan(1e-9)
})
