import type { TextStream } from '@tfjs-bayes/training'
import type { Table } from '../../report/comparison.ts'
import type { Figure } from '../../report/figure.ts'

/** How much an experiment does: all of it, or a run of seconds that shows the path and proves nothing. */
export type Size = 'full' | 'tiny'

/** One of the things that an experiment compares. Everything in it is JSON and stands in the results. */
export interface Configuration {
  /** In file names: small letters, digits and hyphens. */
  readonly name: string
  readonly title: string
}

/** What an experiment will do; JSON. */
interface Plan<C extends Configuration, S extends object = object> {
  /** What all its parts share: sizes, epochs, draws. */
  readonly settings: S
  /** In the order in which they run. */
  readonly configurations: readonly C[]
}

/** The smallest piece of work that is kept: one configuration with one seed. */
export interface Part<C extends Configuration> {
  readonly configuration: C
  readonly seed: number
}

/** A part with what came of it; R is JSON. */
export interface FinishedPart<C extends Configuration, R> extends Part<C> {
  readonly result: R
  /** Seconds that it took, all in all. */
  readonly seconds: number
}

/** What a part may use. */
export interface PartContext {
  /** A folder of the part's own, for what it needs to go on after an interruption; it is removed when the part is finished. */
  readonly scratch: string
  /** Folder of the MNIST files; undefined: those of the npm package. */
  readonly dataFolder: string | undefined
  readonly say: (line: string) => void
  readonly progress: TextStream
  readonly signal: AbortSignal
}

/** What a person reads. */
export interface ExperimentReport {
  /** The finding in a sentence or two, from the numbers. */
  readonly lead: string
  /** Shown on the page and in the terminal. */
  readonly tables: readonly { readonly title: string; readonly note?: string; readonly table: Table }[]
  readonly figures: readonly { readonly title: string; readonly note?: string; readonly figures: readonly Figure[] }[]
  /** What to make of it, each a sentence that the numbers bear out. */
  readonly remarks: readonly string[]
}

/**
 * An experiment: what it compares, how one part is computed, and how the parts are told.
 *
 * C is what it compares, R what comes of a part, S the settings that its parts share. Methods, not function properties: experiments of different C, R
 * and S stand in one list.
 */
export interface Experiment<C extends Configuration = Configuration, R = unknown, S extends object = object> {
  /** On the command line. */
  readonly name: string
  readonly title: string
  /** What it does, for --help and the page. */
  readonly description: string
  /** How long all of it takes with one seed, in words, for --help. */
  readonly takes: string
  /** Seeds of a run that names none. */
  readonly seeds: number
  /** Counts up when results change their meaning: parts of another version are computed again. */
  readonly version: number
  plan(size: Size): Plan<C, S>
  /** Computes a part. All randomness follows from the seed. */
  run(part: Part<C>, settings: S, context: PartContext): Promise<R>
  /** Tells finished parts, in the order of the plan; some may be missing still, at least one is there. */
  report(parts: readonly FinishedPart<C, R>[], settings: S): ExperimentReport
}
