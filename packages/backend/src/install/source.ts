import type { Progress } from './progress.ts'
import type { TfjsNode } from './tfjsNode.ts'

/** One way to get the native library and the addon. */
export interface Source {
  /** Names the source and its version in the cache: letters, digits, dots and dashes. */
  readonly id: string
  /** The same for people. */
  readonly title: string
  /** What this machine lacks for it; empty where it is worth trying. */
  missing(work: Workplace): Promise<Missing[]>
  /**
   * Makes the files of a cache entry: the addon in tfjs-node's `addonFolder`, the libraries in `deps/lib`.
   *
   * @param folder an empty staging folder, for scratch files too: only `lib` and `deps/lib` are kept
   * @returns where the files come from, for people
   * @throws InstallError
   */
  make(folder: string, work: Workplace): Promise<string>
}

export interface Missing {
  readonly what: string
  /** How to get it, or why it cannot be had. */
  readonly remedy: string
}

/** What a source works with. */
export interface Workplace {
  readonly tfjsNode: TfjsNode
  readonly env: NodeJS.ProcessEnv
  readonly progress: Progress
  readonly signal: AbortSignal
  /** The folder of the cache. */
  readonly root: string
}
