import { crc32, deflateRawSync } from 'node:zlib'

export interface ZipEntry {
  readonly name: string
  readonly data: Uint8Array
  readonly stored?: boolean
}

/** A zip archive of some files, written after PKWARE's APPNOTE, sections 4.3.7, 4.3.12 and 4.3.16. */
export function zipFile(entries: readonly ZipEntry[], comment: string = ''): Buffer {
  const parts: Buffer[] = []
  const directory: Buffer[] = []
  let offset = 0
  for (const { name, data, stored = false } of entries) {
    const body = stored ? Buffer.from(data) : deflateRawSync(data)
    const fields = Buffer.alloc(26)
    fields.writeUInt16LE(20, 0)
    fields.writeUInt16LE(stored ? 0 : 8, 4)
    fields.writeUInt32LE(crc32(data), 10)
    fields.writeUInt32LE(body.length, 14)
    fields.writeUInt32LE(data.length, 18)
    fields.writeUInt16LE(Buffer.byteLength(name), 22)
    const place = Buffer.alloc(14)
    place.writeUInt32LE(offset, 10)
    const local = [Buffer.from([0x50, 0x4b, 3, 4]), fields, Buffer.from(name), body]
    directory.push(Buffer.from([0x50, 0x4b, 1, 2, 20, 0]), fields, place, Buffer.from(name))
    parts.push(...local)
    offset += local.reduce((sum, { length }) => sum + length, 0)
  }
  const size = directory.reduce((sum, { length }) => sum + length, 0)
  const end = Buffer.alloc(18)
  for (const at of [4, 6]) end.writeUInt16LE(entries.length, at)
  end.writeUInt32LE(size, 8)
  end.writeUInt32LE(offset, 12)
  end.writeUInt16LE(comment.length, 16)
  return Buffer.concat([...parts, ...directory, Buffer.from([0x50, 0x4b, 5, 6]), end, Buffer.from(comment)])
}
