/** A stretch of rows that is processed at once. */
export interface BatchRange {
  /** From 0. */
  readonly batch: number
  readonly start: number
  readonly rows: number
}

/** Cuts rows into stretches of `batchSize`; the last one holds what is left. */
export function batchRanges(rows: number, batchSize: number): BatchRange[] {
  return Array.from({ length: Math.ceil(rows / batchSize) }, (_, batch) => {
    const start = batch * batchSize
    return { batch, start, rows: Math.min(batchSize, rows - start) }
  })
}
