/** log Gamma(x) for x > 0, in float64: Stirling's series after moving x above 10 by the recurrence. */
export function logGamma(x: number): number {
  let product = 1
  let y = x
  for (; y < 10; y++) product *= y
  const w = 1 / (y * y)
  const series = (1 / 12 - w * (1 / 360 - w * (1 / 1260 - w * (1 / 1680 - w * (1 / 1188 - (w * 691) / 360360))))) / y
  return (y - 0.5) * Math.log(y) - y + 0.5 * Math.log(2 * Math.PI) + series - Math.log(product)
}
