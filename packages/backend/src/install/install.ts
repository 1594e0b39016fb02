import { existsSync, readdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { InstallError } from '../errors.ts'
import { type Attempt, NothingWorkedError, recallFailure, rememberFailure } from './attempts.ts'
import { createStaging, hasStaging, lockPath, prepareRoot, publish, removeStaleStaging, sizeOf } from './cache.ts'
import { addonPlace, linkEntry } from './link.ts'
import { checkLoads, systemFingerprint } from './loadCheck.ts'
import { isHeld, withLock } from './lock.ts'
import { changedFiles, damagedFiles, type Manifest, readManifest, recordFiles, withTimes, writeManifest } from './manifest.ts'
import { megabytes, runStep } from './progress.ts'
import type { Missing, Source, Workplace } from './source.ts'
import { ADDON_FILE, type TfjsNode } from './tfjsNode.ts'

export interface Installed {
  /** `present`: nothing was to do; `linked`: it was in the cache; `made`: downloaded, and compiled where needed. */
  readonly how: 'present' | 'linked' | 'made'
  /** One sentence for people. */
  readonly message: string
}

export interface InstallOptions {
  /** Milliseconds after a failed install in which the same is not tried again as long as nothing has changed; default 0. */
  readonly patience?: number
}

/** The folder of the cache entry that a source makes for a tfjs-node. */
function entryPath(root: string, tfjsNode: TfjsNode, source: Source): string {
  return join(root, `tfjs-node-${tfjsNode.version}_${source.id}_${process.platform}-${process.arch}`)
}

/**
 * Brings the native backend to tfjs-node: what is there and loads, else what the cache has, else the first source that works.
 *
 * Everything is made in a staging folder and becomes a cache entry by one rename, then a link by another: interrupting it at any point leaves
 * either nothing or the whole.
 *
 * @param sources in the order in which to try them
 * @throws NothingWorkedError; InstallError `not-writable`; the reason of the workplace's signal
 */
export async function install(work: Workplace, sources: readonly Source[], options: InstallOptions = {}): Promise<Installed> {
  const broken: Attempt[] = []
  const ready = (await usePresent(work, broken)) ?? (await useCached(work, sources))
  if (ready !== undefined) {
    await cleanUpAfterOthers(work)
    return ready
  }
  prepareRoot(work.root)
  let waiting = false
  const onWait = ({ process: id }: { process: number }): void => {
    waiting = true
    work.progress.begin(`waiting for another install (process ${id})`)
  }
  const turn = async (): Promise<Installed> => {
    if (waiting) work.progress.end()
    removeStaleStaging(work.root)
    return (await useCached(work, sources)) ?? (await makeFirst(work, sources, broken, options.patience ?? 0))
  }
  return await withLock(lockPath(work.root), turn, { signal: work.signal, onWait })
}

/** Where nobody is installing, what a killed install, or a pip that outlived it, has left can go. */
async function cleanUpAfterOthers({ root, signal }: Workplace): Promise<void> {
  const lock = lockPath(root)
  if ((hasStaging(root) || existsSync(lock)) && !isHeld(lock))
    await withLock(lock, async () => removeStaleStaging(root), { signal })
}

/** An addon that is where tfjs-node looks and loads. */
async function usePresent(work: Workplace, broken: Attempt[]): Promise<Installed | undefined> {
  const place = addonPlace(work.tfjsNode, work.root)
  if (place.kind === 'other' && !place.dangling) {
    const check = await checkLoads(join(place.path, ADDON_FILE), work)
    if (check.loads)
      return {
        how: 'present',
        message: `The native backend is there: an addon that loads, in ${place.path} (TensorFlow ${check.tensorflow}).`,
      }
    broken.push({ title: `the addon in ${place.path}`, reason: 'it does not load', details: [check.reason] })
  }
  if (place.kind === 'cache' && !place.dangling) {
    const manifest = await healthyManifest(place.entry, work)
    if (manifest !== undefined) return { how: 'present', message: `The native backend is there: ${manifest.origin}.` }
  }
  return undefined
}

/** An entry that is in the cache already: it only needs the link. */
async function useCached(work: Workplace, sources: readonly Source[]): Promise<Installed | undefined> {
  for (const source of sources) {
    const entry = entryPath(work.root, work.tfjsNode, source)
    const manifest = await healthyManifest(entry, work)
    if (manifest === undefined) continue
    linkEntry(work.tfjsNode, entry)
    return { how: 'linked', message: `Linked the native backend from the cache: ${manifest.origin}.` }
  }
  return undefined
}

async function makeFirst(
  work: Workplace,
  sources: readonly Source[],
  broken: readonly Attempt[],
  patience: number,
): Promise<Installed> {
  const missing = new Map<Source, Missing[]>()
  for (const source of sources) missing.set(source, await source.missing(work))
  const circumstances = JSON.stringify([work.tfjsNode.version, systemFingerprint(), ...missing.values()])
  const before = recallFailure(work.root, circumstances, patience)
  if (before !== undefined) throw new NothingWorkedError(before)
  const attempts = [...broken]
  for (const [source, lacking] of missing) {
    const outcome = lacking.length > 0 ? describeMissing(source, lacking) : await tryToMake(work, source)
    if ('origin' in outcome) return finish(work, source, outcome)
    attempts.push(outcome)
  }
  rememberFailure(work.root, circumstances, attempts)
  throw new NothingWorkedError(attempts)
}

/** Makes the entry of a source, or tells why not. */
async function tryToMake(work: Workplace, source: Source): Promise<Manifest | Attempt> {
  const staging = createStaging(work.root)
  try {
    return await makeEntry(work, source, staging)
  } catch (error) {
    work.signal.throwIfAborted()
    return describeFailure(source, error, staging)
  } finally {
    rmSync(staging, { recursive: true, force: true })
  }
}

async function makeEntry(work: Workplace, source: Source, staging: string): Promise<Manifest> {
  const { tfjsNode, root, progress, signal } = work
  const origin = await source.make(staging, work)
  for (const name of readdirSync(staging))
    if (name !== 'lib' && name !== 'deps') rmSync(join(staging, name), { recursive: true, force: true })
  await runStep(progress, 'checking that it loads', undefined, async () => {
    const check = await checkLoads(join(staging, tfjsNode.addonFolder, ADDON_FILE), work)
    if (!check.loads) throw new InstallError('load-failed', `the addon does not load\n${check.reason}`)
  })
  const files = await runStep(progress, 'writing down checksums', undefined, () => recordFiles(staging, { signal }))
  const manifest: Manifest = {
    format: 1,
    tfjsNode: tfjsNode.version,
    source: source.id,
    origin,
    platform: process.platform,
    arch: process.arch,
    files,
    loadedOn: [systemFingerprint()],
  }
  writeManifest(staging, manifest)
  signal.throwIfAborted()
  publish(staging, entryPath(root, tfjsNode, source))
  return manifest
}

function finish({ root, tfjsNode }: Workplace, source: Source, { origin }: Manifest): Installed {
  const entry = entryPath(root, tfjsNode, source)
  linkEntry(tfjsNode, entry)
  const size = megabytes(sizeOf(entry))
  return { how: 'made', message: `Installed the native backend: ${origin}; ${size} in ${entry}, shared by every checkout.` }
}

/** An entry's manifest if its files are whole and its addon has loaded, or loads, on this system. */
async function healthyManifest(entry: string, work: Workplace): Promise<Manifest | undefined> {
  let manifest = readManifest(entry)
  if (manifest === undefined || manifest.tfjsNode !== work.tfjsNode.version) return undefined
  const changed = changedFiles(entry, manifest)
  if (changed.length > 0) {
    if ((await damagedFiles(entry, manifest, { paths: changed, signal: work.signal })).length > 0) return undefined
    // A copied or restored cache: the same bytes under other times.
    manifest = withTimes(entry, manifest)
    writeManifest(entry, manifest)
  }
  const system = systemFingerprint()
  if (!manifest.loadedOn.includes(system)) {
    const check = await checkLoads(join(entry, work.tfjsNode.addonFolder, ADDON_FILE), work)
    if (!check.loads) return undefined
    manifest = { ...manifest, loadedOn: [...manifest.loadedOn, system] }
    writeManifest(entry, manifest)
  }
  return manifest
}

function describeMissing({ title }: Source, missing: readonly Missing[]): Attempt {
  return {
    title,
    reason: `it needs ${missing.map(({ what }) => what).join(', ')}`,
    details: missing.map(({ what, remedy }) => `${what}: ${remedy}`),
  }
}

function describeFailure({ title }: Source, error: unknown, staging: string): Attempt {
  const { code, message } = error as NodeJS.ErrnoException
  const explained = code === 'ENOSPC' ? `the disk is full\n${message}` : message
  const [reason = '', ...details] = explained.replaceAll(`${staging}/`, '').split('\n')
  return { title, reason, details: details.map((line) => line.trim()) }
}
