import { createHash } from 'node:crypto'
import { createReadStream, lstatSync, readdirSync, readFileSync, readlinkSync, renameSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { pipeline } from 'node:stream/promises'

/** What a cache entry is made of: written last, inside the staging folder, so an entry without it does not exist. */
export interface Manifest {
  readonly format: 1
  readonly tfjsNode: string
  /** The `id` of the source that made it. */
  readonly source: string
  /** The same for people. */
  readonly origin: string
  readonly platform: string
  readonly arch: string
  readonly files: readonly FileRecord[]
  /** On which systems (`systemFingerprint`) the addon has been loaded for a trial. */
  readonly loadedOn: readonly string[]
}

export interface FileRecord {
  /** Relative to the entry, with forward slashes. */
  readonly path: string
  readonly size: number
  readonly modifiedMs: number
  /** Hex; of a symbolic link its target. */
  readonly sha256: string
}

const MANIFEST_FILE = 'manifest.json'

/** Reads an entry's manifest; undefined where there is none or it is not one of this format. */
export function readManifest(entry: string): Manifest | undefined {
  try {
    const manifest = JSON.parse(readFileSync(join(entry, MANIFEST_FILE), 'utf8')) as Manifest
    return manifest.format === 1 && Array.isArray(manifest.files) && Array.isArray(manifest.loadedOn) ? manifest : undefined
  } catch {
    return undefined
  }
}

/** Writes an entry's manifest, whole or not at all. */
export function writeManifest(entry: string, manifest: Manifest): void {
  const temporary = join(entry, `${MANIFEST_FILE}.${process.pid}`)
  writeFileSync(temporary, `${JSON.stringify(manifest, null, 2)}\n`)
  renameSync(temporary, join(entry, MANIFEST_FILE))
}

/** Records size, time and checksum of every file under an entry. */
export async function recordFiles(entry: string, options: { signal?: AbortSignal } = {}): Promise<FileRecord[]> {
  const records: FileRecord[] = []
  for (const path of walk(entry)) {
    const stats = lstatSync(join(entry, path))
    records.push({ path, size: stats.size, modifiedMs: stats.mtimeMs, sha256: await checksum(join(entry, path), options) })
  }
  return records
}

/**
 * Compares an entry with its manifest by sizes and times alone: milliseconds.
 *
 * @returns the paths that differ
 */
export function changedFiles(entry: string, manifest: Manifest): string[] {
  return manifest.files
    .filter(({ path, size, modifiedMs }) => {
      const stats = lstatSync(join(entry, path), { throwIfNoEntry: false })
      return stats === undefined || stats.size !== size || stats.mtimeMs !== modifiedMs
    })
    .map(({ path }) => path)
}

/** The manifest with the files' times as they are now. */
export function withTimes(entry: string, manifest: Manifest): Manifest {
  return {
    ...manifest,
    files: manifest.files.map((file) => ({ ...file, modifiedMs: lstatSync(join(entry, file.path)).mtimeMs })),
  }
}

/**
 * Compares files of an entry with their checksums: it reads them all.
 *
 * @param options.paths which; default all
 * @returns the paths that differ
 */
export async function damagedFiles(
  entry: string,
  manifest: Manifest,
  { paths, signal }: { readonly paths?: readonly string[]; readonly signal?: AbortSignal } = {},
): Promise<string[]> {
  const damaged: string[] = []
  for (const { path, size, sha256 } of manifest.files) {
    if (paths !== undefined && !paths.includes(path)) continue
    const stats = lstatSync(join(entry, path), { throwIfNoEntry: false })
    if (
      stats === undefined ||
      stats.size !== size ||
      (await checksum(join(entry, path), signal === undefined ? {} : { signal })) !== sha256
    )
      damaged.push(path)
  }
  return damaged
}

/** SHA-256 of a file, or of a symbolic link's target, as hex. */
export async function checksum(path: string, options: { signal?: AbortSignal } = {}): Promise<string> {
  const hash = createHash('sha256')
  if (lstatSync(path).isSymbolicLink()) return hash.update(readlinkSync(path)).digest('hex')
  await pipeline(createReadStream(path, { highWaterMark: 1 << 20 }), hash, options)
  return hash.digest('hex')
}

function walk(folder: string, prefix: string = ''): string[] {
  return readdirSync(join(folder, prefix), { withFileTypes: true })
    .sort((a, b) => (a.name < b.name ? -1 : 1))
    .flatMap((item) => {
      const path = `${prefix}${item.name}`
      return item.isDirectory() ? walk(folder, `${path}/`) : [path]
    })
}
