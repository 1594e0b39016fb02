import { inflateSync } from 'node:zlib'
import { expect, test } from 'vitest'
import { pngDataUri } from './pngDataUri.ts'

/** CRC-32 as the PNG specification's appendix computes it, bit by bit. */
function crc(bytes: Uint8Array): number {
  let c = 0xffffffff
  for (const byte of bytes) {
    c ^= byte
    for (let k = 0; k < 8; k++) c = c & 1 ? 0xedb88320 ^ (c >>> 1) : c >>> 1
  }
  return (c ^ 0xffffffff) >>> 0
}

test('the image can be read back chunk by chunk', () => {
  const uri = pngDataUri(Uint8Array.of(0, 128, 255, 1, 2, 3), 3)
  expect(uri).toMatch(/^data:image\/png;base64,/)
  const png = Buffer.from(uri.split(',')[1]!, 'base64')
  expect(png.subarray(0, 8).toString('latin1')).toBe('\x89PNG\r\n\x1a\n')
  const chunks = new Map<string, Buffer>()
  for (let offset = 8; offset < png.length; ) {
    const length = png.readUInt32BE(offset)
    const body = png.subarray(offset + 4, offset + 8 + length)
    expect(png.readUInt32BE(offset + 8 + length)).toBe(crc(body))
    chunks.set(body.toString('latin1', 0, 4), body.subarray(4))
    offset += 12 + length
  }
  expect([...chunks.keys()]).toEqual(['IHDR', 'IDAT', 'IEND'])
  // Width, height, 8 bits, greyscale; then one filter byte a line.
  expect([...chunks.get('IHDR')!]).toEqual([0, 0, 0, 3, 0, 0, 0, 2, 8, 0, 0, 0, 0])
  expect([...inflateSync(chunks.get('IDAT')!)]).toEqual([0, 0, 128, 255, 0, 1, 2, 3])
})
