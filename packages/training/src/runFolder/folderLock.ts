import { randomUUID } from 'node:crypto'
import fs from 'node:fs/promises'
import path from 'node:path'
import { RunFolderInUseError, RunFolderWriteError } from './errors.ts'

/** The lock of a run folder: a folder in it, holding one file that says which process has it. */
export const LOCK = 'lock'
const OWNER = 'owner'

interface Owner {
  readonly pid: number
  /** Tells a process from a later one with the same number, where the system can say. */
  readonly identity: string
}

/**
 * Takes a folder for this process, until it is released or the process dies; a lock whose process is gone (killed) is taken over.
 *
 * A lock comes whole or not at all: it is made under another name and renamed, which fails where one is there already.
 *
 * @returns a function that releases the lock
 * @throws RunFolderInUseError while another process, or another run of this one, has it; RunFolderWriteError
 */
export async function lockFolder(folder: string): Promise<() => Promise<void>> {
  const lock = path.join(folder, LOCK)
  const own = `${lock}-${randomUUID()}`
  try {
    await fs.mkdir(own)
    await fs.writeFile(path.join(own, OWNER), JSON.stringify({ pid: process.pid, identity: await identityOf(process.pid) }))
    while (!(await renamed(own, lock))) {
      const owner = await ownerOf(lock)
      if (owner === undefined) continue
      if (await isAlive(owner)) throw new RunFolderInUseError(folder, owner.pid, lock)
      await removeStale(lock, owner)
    }
  } catch (error) {
    await fs.rm(own, { recursive: true, force: true }).catch(() => {})
    throw error instanceof RunFolderInUseError ? error : new RunFolderWriteError(lock, error)
  }
  return () => fs.rm(lock, { recursive: true, force: true })
}

/** Clears away the locks that killed processes left under other names, before or after they had the folder. */
export async function removeAbandonedLocks(folder: string): Promise<void> {
  for (const file of await fs.readdir(folder)) {
    const lock = path.join(folder, file)
    if (!file.startsWith(`${LOCK}-`)) continue
    const owner = await ownerOf(lock)
    if (owner && !(await isAlive(owner))) await fs.rm(lock, { recursive: true, force: true })
  }
}

/** Moves a lock away that a dead process left; puts it back where somebody was faster and the lock is a living one by now. */
async function removeStale(lock: string, owner: Owner): Promise<void> {
  const stale = `${lock}-stale-${randomUUID()}`
  if (!(await renamed(lock, stale))) return
  const moved = await ownerOf(stale)
  if (moved?.pid !== owner.pid || moved.identity !== owner.identity) await renamed(stale, lock)
  await fs.rm(stale, { recursive: true, force: true })
}

/** Renames a folder; false where the target is there already, or the source is gone. */
async function renamed(from: string, to: string): Promise<boolean> {
  try {
    await fs.rename(from, to)
    return true
  } catch (error) {
    const { code = '' } = error as NodeJS.ErrnoException
    // Windows says EPERM where POSIX says ENOTEMPTY or EEXIST.
    if (['ENOTEMPTY', 'EEXIST', 'ENOENT'].includes(code) || (code === 'EPERM' && process.platform === 'win32')) return false
    throw error
  }
}

async function ownerOf(lock: string): Promise<Owner | undefined> {
  try {
    return JSON.parse(await fs.readFile(path.join(lock, OWNER), 'utf8')) as Owner
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
    throw error
  }
}

async function isAlive({ pid, identity }: Owner): Promise<boolean> {
  try {
    process.kill(pid, 0)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ESRCH') return false
  }
  return (await identityOf(pid)) === identity
}

/** On Linux the boot and the start time of a process: in a container a new process often has the number of the killed one. Elsewhere nothing. */
async function identityOf(pid: number): Promise<string> {
  try {
    const boot = await fs.readFile('/proc/sys/kernel/random/boot_id', 'utf8')
    const stat = await fs.readFile(`/proc/${pid}/stat`, 'utf8')
    // Field 22 of the line; the name in field 2 may hold anything up to its last parenthesis.
    return `${boot.trim()} ${stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19]}`
  } catch {
    return ''
  }
}
