import { existsSync } from 'node:fs'
import { mkdir, readFile, rename, writeFile } from 'node:fs/promises'
import { cpus, loadavg, totalmem } from 'node:os'
import { dirname } from 'node:path'
import type { Timing } from './interleave.ts'

export interface BenchResult {
  readonly bench: string
  readonly settings: Record<string, unknown>
  readonly versions: Record<string, unknown>
  readonly machine: { readonly cpu: string; readonly cores: number; readonly memoryGiB: number; readonly load: number }
  readonly groups: readonly { readonly name: string; readonly timings: readonly Timing[] }[]
  /** Peak memory beyond the loaded library, by contestant. */
  readonly memory?: readonly { readonly name: string; readonly mebibytes: Record<string, number> }[]
  /** Variance of the gradient by estimator and layer. */
  readonly variances?: Readonly<Record<string, readonly { readonly layer: string; readonly mu: number; readonly rho: number }[]>>
}

/** What the figures were measured on; the load says whether anything else was running. */
export function machine(): BenchResult['machine'] {
  return {
    cpu: cpus()[0]?.model ?? 'unknown',
    cores: cpus().length,
    memoryGiB: Math.round(totalmem() / 2 ** 30),
    load: Math.round(loadavg()[0]! * 100) / 100,
  }
}

export function printTimings(title: string, timings: readonly Timing[]): void {
  console.log(`\n${title}`)
  const width = Math.max(...timings.map((timing) => timing.name.length))
  for (const { name, medianMs, minMs, spread, ratio } of timings) {
    console.log(
      `  ${name.padEnd(width)}  median ${medianMs.toFixed(2).padStart(9)} ms  min ${minMs.toFixed(2).padStart(9)} ms` +
        `  spread ${(100 * spread).toFixed(0).padStart(3)} %  ratio ${ratio.toFixed(3)}`,
    )
  }
}

/** Writes the result as JSON, whole or not at all. */
export async function writeResult(file: string, result: BenchResult): Promise<void> {
  await mkdir(dirname(file), { recursive: true })
  await writeFile(`${file}.partial`, `${JSON.stringify(result, null, 2)}\n`)
  await rename(`${file}.partial`, file)
}

/** Writes the result with the figures of other groups that the file has already, where they come from the same machine, settings and versions. */
export async function addToResult(file: string, result: BenchResult): Promise<void> {
  const earlier = existsSync(file) ? (JSON.parse(await readFile(file, 'utf8')) as BenchResult) : undefined
  const origin = ({ bench, settings, versions, machine: { load: _, ...rest } }: BenchResult): string =>
    JSON.stringify([bench, settings, versions, rest])
  const kept = earlier !== undefined && origin(earlier) === origin(result) ? earlier : undefined
  const memory = merged(kept?.memory, result.memory)
  await writeResult(file, {
    ...result,
    groups: merged(kept?.groups, result.groups),
    ...(memory.length > 0 ? { memory } : {}),
  })
}

function merged<T extends { readonly name: string }>(earlier: readonly T[] = [], later: readonly T[] = []): readonly T[] {
  return [...earlier.filter(({ name }) => !later.some((other) => other.name === name)), ...later]
}
