/** log(exp(a) + exp(b)), without overflow. */
export function logAdd(a: number, b: number): number {
  const high = Math.max(a, b)
  return high === Number.NEGATIVE_INFINITY ? high : high + Math.log1p(Math.exp(Math.min(a, b) - high))
}
