import { type BackendReport, useFastestBackend } from '@tfjs-bayes/backend/node'
import type { Stage } from './stage.ts'

let started: Promise<BackendReport> | undefined

/** Starts the fastest backend, once a process, and says which one it is. */
export function startBackend({ say }: Pick<Stage, 'say'>): Promise<BackendReport> {
  started ??= useFastestBackend().then((report) => {
    say(report.message)
    return report
  })
  return started
}
