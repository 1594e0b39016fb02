import { linkSync, readFileSync, renameSync, rmSync, statSync, utimesSync, writeFileSync } from 'node:fs'
import { hostname } from 'node:os'
import { setTimeout as sleep } from 'node:timers/promises'

const TOUCH_MS = 5_000
const ABANDONED_MS = 60_000
const POLL_MS = 200

export interface LockOptions {
  readonly signal?: AbortSignal
  /** Called once if another process holds the lock and this one has to wait. */
  readonly onWait?: (owner: LockOwner) => void
}

interface LockOwner {
  readonly process: number
  readonly host: string
}

/**
 * Holds a lock file while `work` runs, so that two installs into one cache take turns.
 *
 * The owner touches the file every few seconds. A lock is abandoned, and taken over, once its process is gone, or, where that cannot be
 * asked (another machine or container on the same folder, a process number given again), once it has not been touched for a minute.
 *
 * @param path the lock file; its folder must exist
 * @param work what needs the lock
 * @throws what `work` throws, or the signal's reason
 */
export async function withLock<T>(path: string, work: () => Promise<T>, options: LockOptions = {}): Promise<T> {
  let told = false
  while (!tryLock(path)) {
    options.signal?.throwIfAborted()
    const owner = readLock(path)
    if (owner?.abandoned) takeAway(path)
    else {
      if (owner !== undefined && !told) options.onWait?.(owner)
      told ||= owner !== undefined
      await sleep(POLL_MS, undefined, options.signal === undefined ? {} : { signal: options.signal }).catch(() => {})
    }
  }
  const touching = setInterval(() => touch(path), TOUCH_MS).unref()
  try {
    return await work()
  } finally {
    clearInterval(touching)
    if (readLock(path)?.process === process.pid) rmSync(path, { force: true })
  }
}

/** Whether a process that is still there holds the lock. */
export function isHeld(path: string): boolean {
  return readLock(path)?.abandoned === false
}

function tryLock(path: string): boolean {
  try {
    writeFileSync(path, JSON.stringify({ process: process.pid, host: hostname() }), { flag: 'wx' })
    return true
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false
    throw error
  }
}

function touch(path: string): void {
  try {
    const now = new Date()
    utimesSync(path, now, now)
  } catch {
    // Another process took the lock for abandoned, say after a suspended night. What this one finishes is still whole.
  }
}

/** Who holds the lock; undefined where nobody does. */
function readLock(path: string): (LockOwner & { readonly abandoned: boolean }) | undefined {
  let age: number
  let text: string
  try {
    age = Date.now() - statSync(path).mtimeMs
    text = readFileSync(path, 'utf8')
  } catch {
    return undefined
  }
  const owner = parseOwner(text)
  const gone = owner.host === hostname() && owner.process > 0 && !isAlive(owner.process)
  return { ...owner, abandoned: gone || age > ABANDONED_MS }
}

/** A file without an owner in it was cut off while it was written: its age decides. */
function parseOwner(text: string): LockOwner {
  try {
    const owner = JSON.parse(text) as { process?: unknown; host?: unknown }
    return { process: Number(owner.process) || 0, host: String(owner.host) }
  } catch {
    return { process: 0, host: '' }
  }
}

/** Removes an abandoned lock. By renaming, because another waiting process may have replaced it since it was read: then it goes back. */
function takeAway(path: string): void {
  const aside = `${path}.${process.pid}-abandoned`
  try {
    renameSync(path, aside)
    if (readLock(aside)?.abandoned === false) linkSync(aside, path)
  } catch {
    // Someone else was faster; the next round sees what is there now.
  }
  rmSync(aside, { force: true })
}

function isAlive(id: number): boolean {
  try {
    process.kill(id, 0)
    return true
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM' // another user's, but alive
  }
}
