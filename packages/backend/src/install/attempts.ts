import { readFileSync, renameSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

/** One thing that an install tried. */
export interface Attempt {
  readonly title: string
  /** Why it did not work, in a few words. */
  readonly reason: string
  /** What a reader needs to mend it: lines. */
  readonly details: readonly string[]
}

/** No source worked; `attempts` says what was tried, in order, and why it failed. */
export class NothingWorkedError extends Error {
  override readonly name = 'NothingWorkedError'
  readonly code = 'nothing-worked'
  readonly attempts: readonly Attempt[]

  constructor(attempts: readonly Attempt[]) {
    super(`The native backend could not be installed. Tried:\n${attempts.map(describe).join('\n')}`)
    this.attempts = attempts
  }
}

/** What was tried and failed, on one line. */
export function summarize(attempts: readonly Attempt[]): string {
  return attempts.map(({ title, reason }) => `${title}: ${reason}`).join('; ')
}

function describe({ title, reason, details }: Attempt): string {
  return [`  - ${title}: ${reason}`, ...details.map((line) => `      ${line}`)].join('\n')
}

const FILE = 'last-failure.json'

interface Failure {
  readonly circumstances: string
  readonly at: number
  readonly attempts: readonly Attempt[]
}

/** Remembers a failed install, so that an optional one does not try the same again at every start. */
export function rememberFailure(root: string, circumstances: string, attempts: readonly Attempt[]): void {
  const temporary = join(root, `${FILE}.${process.pid}`)
  writeFileSync(temporary, JSON.stringify({ circumstances, at: Date.now(), attempts } satisfies Failure))
  renameSync(temporary, join(root, FILE))
}

/** The attempts of the last failed install, if nothing has changed since and it is not older than `maxAgeMs`. */
export function recallFailure(root: string, circumstances: string, maxAgeMs: number): readonly Attempt[] | undefined {
  try {
    const failure = JSON.parse(readFileSync(join(root, FILE), 'utf8')) as Failure
    const age = Date.now() - failure.at
    return failure.circumstances === circumstances && age >= 0 && age < maxAgeMs ? failure.attempts : undefined
  } catch {
    return undefined // there was none
  }
}
