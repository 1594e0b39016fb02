import { performance } from 'node:perf_hooks'

/** Something to time: runs `steps` times and answers the milliseconds of each. */
export interface Contestant {
  readonly name: string
  run(steps: number): Promise<readonly number[]>
}

export interface Timing {
  readonly name: string
  readonly steps: number
  readonly minMs: number
  readonly medianMs: number
  /** Distance between the quartiles, over the median: how quiet the machine was. */
  readonly spread: number
  /** Median over the first contestant's median. */
  readonly ratio: number
}

export interface InterleaveOptions {
  /** Timed steps of each contestant. */
  readonly steps: number
  /** Untimed steps before the first turn: lazy set-up, tracing, compilation. */
  readonly warmUp: number
  /** Steps in a turn. */
  readonly stepsPerTurn?: number
  /** Untimed steps at the start of each turn, to warm the caches; default 1. */
  readonly untimedPerTurn?: number
}

/**
 * Times the contestants in turns, so that other work on the machine falls on all of them alike.
 *
 * @returns one row a contestant, in their order; ratios are to the first
 */
export async function interleave(contestants: readonly Contestant[], options: InterleaveOptions): Promise<Timing[]> {
  const { stepsPerTurn = 3, untimedPerTurn = 1 } = options
  for (const contestant of contestants) if (options.warmUp > 0) await contestant.run(options.warmUp)
  const times = contestants.map(() => [] as number[])
  for (let done = 0; done < options.steps; done += stepsPerTurn) {
    for (const [index, contestant] of contestants.entries()) {
      if (untimedPerTurn > 0) await contestant.run(untimedPerTurn)
      times[index]!.push(...(await contestant.run(stepsPerTurn)))
    }
  }
  const first = quantile(times[0] ?? [], 0.5)
  return contestants.map(({ name }, index) => {
    const own = times[index]!
    const median = quantile(own, 0.5)
    return {
      name,
      steps: own.length,
      minMs: Math.min(...own),
      medianMs: median,
      spread: (quantile(own, 0.75) - quantile(own, 0.25)) / median,
      ratio: median / first,
    }
  })
}

/** A contestant in this process, from one step; an asynchronous step is awaited. */
export function contestant(name: string, step: () => unknown): Contestant {
  return {
    name,
    async run(steps) {
      const times: number[] = []
      for (let i = 0; i < steps; i++) {
        const start = performance.now()
        await step()
        times.push(performance.now() - start)
      }
      return times
    },
  }
}

function quantile(values: readonly number[], p: number): number {
  const sorted = [...values].sort((a, b) => a - b)
  const position = (sorted.length - 1) * p
  const low = Math.floor(position)
  return sorted[low]! + (sorted[Math.ceil(position)]! - sorted[low]!) * (position - low)
}
