/** Ticks at 1, 2 and 5 of each decade within the values; where that gives fewer than three, at 1 to 9. All values have one sign. */
export function logTicks(values: readonly number[]): number[] {
  const sizes = values.map(Math.abs).filter((size) => size > 0)
  const [least, most] = [Math.min(...sizes), Math.max(...sizes)]
  const first = Math.floor(Math.log10(least))
  const decades = Array.from({ length: Math.ceil(Math.log10(most)) - first + 1 }, (_, i) => first + i)
  const within = (mantissas: readonly number[]): number[] =>
    decades
      .flatMap((decade) => mantissas.map((mantissa) => Number(`${mantissa}e${decade}`)))
      .filter((size) => size >= least && size <= most)
  const coarse = within([1, 2, 5])
  const sign = Math.sign(values[0] ?? 1)
  return (coarse.length < 3 ? within([1, 2, 3, 4, 5, 6, 7, 8, 9]) : coarse).map((size) => sign * size)
}
