import { chmodSync, existsSync, lstatSync, mkdirSync, mkdtempSync, readdirSync, renameSync, rmSync, statfsSync } from 'node:fs'
import { homedir } from 'node:os'
import { dirname, isAbsolute, join, resolve } from 'node:path'
import { InstallError } from '../errors.ts'

/**
 * The folder for the native libraries of this user, shared by every checkout.
 *
 * @param env where `TFJS_BAYES_CACHE` (the folder itself) and `XDG_CACHE_HOME` are read; default the process's environment
 */
export function cacheRoot(env: NodeJS.ProcessEnv = process.env): string {
  if (env['TFJS_BAYES_CACHE']) return resolve(env['TFJS_BAYES_CACHE'])
  if (env['XDG_CACHE_HOME'] && isAbsolute(env['XDG_CACHE_HOME'])) return join(env['XDG_CACHE_HOME'], 'tfjs-bayes')
  if (process.platform === 'darwin') return join(homedir(), 'Library', 'Caches', 'tfjs-bayes')
  if (process.platform === 'win32') return join(env['LOCALAPPDATA'] ?? join(homedir(), 'AppData', 'Local'), 'tfjs-bayes', 'Cache')
  return join(homedir(), '.cache', 'tfjs-bayes')
}

/** The lock that an install, and a removal, holds while it changes the cache. */
export const lockPath = (root: string): string => join(root, 'install.lock')

const STAGING = '.staging-'

/**
 * Makes sure that the cache's folder is there and can be written.
 *
 * @throws InstallError `not-writable`
 */
export function prepareRoot(root: string): void {
  try {
    mkdirSync(root, { recursive: true })
    rmSync(mkdtempSync(join(root, STAGING)), { recursive: true })
  } catch (cause) {
    const message = `The cache ${root} cannot be written (${(cause as Error).message}); the variable TFJS_BAYES_CACHE can name another folder`
    throw new InstallError('not-writable', message, { cause })
  }
}

/** Makes an empty folder beside the entries: on the same disk, so that it can become an entry by one rename. */
export function createStaging(root: string): string {
  const staging = mkdtempSync(join(root, STAGING))
  chmodSync(staging, 0o755) // mkdtemp makes it private; an image's other users (USER node in a Dockerfile) read it too
  return staging
}

/** Deletes what interrupted installs left. Only for the holder of the lock: nobody else has a staging folder in use then. */
export function removeStaleStaging(root: string): void {
  for (const name of listFolder(root)) if (name.startsWith(STAGING)) rmSync(join(root, name), { recursive: true, force: true })
}

/** Whether there is a staging folder, in use or not. */
export const hasStaging = (root: string): boolean => listFolder(root).some((name) => name.startsWith(STAGING))

/** Turns a finished staging folder into the entry, in place of a damaged one if there is one. */
export function publish(staging: string, entry: string): void {
  removeEntry(entry)
  renameSync(staging, entry)
}

/** Deletes an entry. It vanishes under its name at once; its files follow. */
export function removeEntry(entry: string): void {
  if (!existsSync(entry)) return
  const aside = createStaging(dirname(entry))
  renameSync(entry, join(aside, 'removed'))
  rmSync(aside, { recursive: true, force: true })
}

/** Paths of the entries in the cache. */
export function listEntries(root: string): string[] {
  return listFolder(root)
    .map((name) => join(root, name))
    .filter((path) => existsSync(join(path, 'manifest.json')))
}

/** Bytes under a path, links not followed; 0 where there is nothing. */
export function sizeOf(path: string): number {
  const stats = lstatSync(path, { throwIfNoEntry: false })
  if (stats === undefined) return 0
  if (!stats.isDirectory()) return stats.size
  return listFolder(path).reduce((sum, name) => sum + sizeOf(join(path, name)), 0)
}

/** Free bytes for this user on the disk that holds (or will hold) a path. */
export function freeBytes(path: string): number {
  let existing = resolve(path)
  while (!existsSync(existing) && dirname(existing) !== existing) existing = dirname(existing)
  const { bavail, bsize } = statfsSync(existing)
  return bavail * bsize
}

function listFolder(path: string): string[] {
  try {
    return readdirSync(path)
  } catch {
    return [] // it does not exist (any more)
  }
}
