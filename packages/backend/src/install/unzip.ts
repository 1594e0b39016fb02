import { createReadStream, createWriteStream, mkdirSync } from 'node:fs'
import { type FileHandle, open } from 'node:fs/promises'
import { dirname, join, resolve, sep } from 'node:path'
import { Transform } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { createInflateRaw } from 'node:zlib'
import { InstallError } from '../errors.ts'

/**
 * Takes some files out of a zip archive (PKWARE APPNOTE 6.3.10, sections 4.3.7, 4.3.12 and 4.3.16).
 *
 * Ours rather than a package because a wheel is read only after its checksum has matched: plain entries, stored or deflated, below 4 GB are
 * all there is to understand, and streaming keeps an 800 MB library out of memory.
 *
 * @param archive path of the archive
 * @param wanted where a file goes, relative to `folder`; undefined leaves it in the archive
 * @param folder where files are written
 * @param options.onStart told the bytes to be written, once known
 * @param options.onBytes told the bytes written so far
 * @returns how many files were written
 * @throws InstallError `archive-damaged`
 */
export async function unzip(
  archive: string,
  wanted: (name: string) => string | undefined,
  folder: string,
  options: { onStart?: (bytes: number) => void; onBytes?: (bytes: number) => void; signal?: AbortSignal } = {},
): Promise<number> {
  const file = await open(archive)
  try {
    const chosen = (await readDirectory(file, archive)).flatMap((entry) => {
      const to = wanted(entry.name)
      return to === undefined ? [] : [{ ...entry, to: inside(folder, to, archive) }]
    })
    options.onStart?.(chosen.reduce((sum, { size }) => sum + size, 0))
    let written = 0
    for (const entry of chosen) {
      options.signal?.throwIfAborted()
      let bytes = 0
      const count = new Transform({
        transform(chunk: Buffer, _encoding, done) {
          bytes += chunk.length
          options.onBytes?.(written + bytes)
          done(null, chunk)
        },
      })
      mkdirSync(dirname(entry.to), { recursive: true })
      const start = await dataStart(file, entry, archive)
      const stages = [
        entry.compressedSize === 0 ? [] : createReadStream(archive, { start, end: start + entry.compressedSize - 1 }),
        ...(entry.method === DEFLATED ? [createInflateRaw()] : []),
        count,
        createWriteStream(entry.to),
      ]
      await pipeline(stages as unknown as [NodeJS.ReadableStream, NodeJS.WritableStream], { ...signalOf(options) })
      if (bytes !== entry.size) throw damaged(archive, `${entry.name} has ${bytes} bytes, expected ${entry.size}`)
      written += bytes
    }
    return chosen.length
  } finally {
    await file.close()
  }
}

interface Entry {
  readonly name: string
  readonly method: number
  readonly compressedSize: number
  readonly size: number
  readonly offset: number
}

const STORED = 0
const DEFLATED = 8
const END_SIGNATURE = 0x06054b50
const ENTRY_SIGNATURE = 0x02014b50
const LOCAL_SIGNATURE = 0x04034b50
const END_SIZE = 22
const ENTRY_SIZE = 46
const LOCAL_SIZE = 30
const LONGEST_COMMENT = 0xffff

async function readDirectory(file: FileHandle, archive: string): Promise<Entry[]> {
  const { size } = await file.stat()
  const tail = await read(file, Math.max(0, size - END_SIZE - LONGEST_COMMENT), size)
  let end = tail.length - END_SIZE
  while (end >= 0 && tail.readUInt32LE(end) !== END_SIGNATURE) end--
  if (end < 0) throw damaged(archive, 'no central directory')
  const start = tail.readUInt32LE(end + 16)
  const directory = await read(file, start, start + tail.readUInt32LE(end + 12))
  const entries: Entry[] = []
  for (let at = 0; at + ENTRY_SIZE <= directory.length; ) {
    if (directory.readUInt32LE(at) !== ENTRY_SIGNATURE) throw damaged(archive, `no directory entry at ${at}`)
    const nameLength = directory.readUInt16LE(at + 28)
    const entry: Entry = {
      name: directory.toString('utf8', at + ENTRY_SIZE, at + ENTRY_SIZE + nameLength),
      method: directory.readUInt16LE(at + 10),
      compressedSize: directory.readUInt32LE(at + 20),
      size: directory.readUInt32LE(at + 24),
      offset: directory.readUInt32LE(at + 42),
    }
    if (entry.method !== STORED && entry.method !== DEFLATED) throw damaged(archive, `${entry.name}: method ${entry.method}`)
    entries.push(entry)
    at += ENTRY_SIZE + nameLength + directory.readUInt16LE(at + 30) + directory.readUInt16LE(at + 32)
  }
  if (entries.length !== tail.readUInt16LE(end + 10)) throw damaged(archive, `${entries.length} directory entries`)
  return entries
}

async function dataStart(file: FileHandle, entry: Entry, archive: string): Promise<number> {
  const header = await read(file, entry.offset, entry.offset + LOCAL_SIZE)
  if (header.length < LOCAL_SIZE || header.readUInt32LE(0) !== LOCAL_SIGNATURE) throw damaged(archive, `no data of ${entry.name}`)
  return entry.offset + LOCAL_SIZE + header.readUInt16LE(26) + header.readUInt16LE(28)
}

async function read(file: FileHandle, start: number, end: number): Promise<Buffer> {
  const { buffer, bytesRead } = await file.read(Buffer.alloc(Math.max(0, end - start)), 0, Math.max(0, end - start), start)
  return buffer.subarray(0, bytesRead)
}

/** A name in an archive must not lead out of the folder. */
function inside(folder: string, to: string, archive: string): string {
  const path = resolve(folder, to)
  if (!path.startsWith(resolve(folder) + sep))
    throw damaged(archive, `the name ${JSON.stringify(to)} leads out of ${join(folder)}`)
  return path
}

const damaged = (archive: string, how: string): InstallError =>
  new InstallError('archive-damaged', `${archive} is damaged: ${how}`)

const signalOf = (options: { signal?: AbortSignal }): { signal?: AbortSignal } =>
  options.signal === undefined ? {} : { signal: options.signal }
