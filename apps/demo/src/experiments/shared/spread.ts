/** Mean and sample standard deviation of some numbers; the deviation of one number is null. */
export interface Spread {
  readonly mean: number
  readonly deviation: number | null
}

/** @param values at least one */
export function spreadOf(values: readonly number[]): Spread {
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length
  if (values.length < 2) return { mean, deviation: null }
  return { mean, deviation: Math.sqrt(values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / (values.length - 1)) }
}

/** 'mean ± deviation', each through the same formatter; the mean alone where there is one number; a dash for none. */
export function formatSpread(values: readonly number[], format: (value: number) => string): string {
  if (values.length === 0) return '–'
  const { mean, deviation } = spreadOf(values)
  return deviation === null ? format(mean) : `${format(mean)} ± ${format(deviation)}`
}

/** Finished parts by the name of their configuration, in the order in which these first occur. */
export function byConfiguration<P extends { readonly configuration: { readonly name: string } }>(parts: readonly P[]): P[][] {
  const groups = new Map<string, P[]>()
  for (const part of parts) {
    const { name } = part.configuration
    groups.set(name, [...(groups.get(name) ?? []), part])
  }
  return [...groups.values()]
}
