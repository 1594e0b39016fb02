import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { afterAll, expect, test } from 'vitest'
import { zipFile } from '../../test/install/zipFile.ts'
import { unzip } from './unzip.ts'

const folder = mkdtempSync(join(tmpdir(), 'tfjs-bayes-unzip-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

let count = 0
function write(archive: Uint8Array): { archive: string; out: string } {
  const name = join(folder, `${count++}`)
  writeFileSync(`${name}.zip`, archive)
  return { archive: `${name}.zip`, out: `${name}-out` }
}

test('what is wanted comes out byte for byte, under its new name, and nothing else', async () => {
  const data = Buffer.from(Array.from({ length: 300_000 }, (_, i) => (i * i) >> 7))
  const entries = [
    { name: 'a/stored', data, stored: true },
    { name: 'a/deflated', data },
    { name: 'a/empty', data: new Uint8Array() },
    { name: 'b/ignored', data },
  ]
  const { archive, out } = write(zipFile(entries, 'a comment at the end'))
  const bytes: number[] = []
  let announced = 0
  const place = (name: string): string | undefined => (name.startsWith('a/') ? name.replace('a/', 'c/') : undefined)
  const written = await unzip(archive, place, out, {
    onStart: (total) => (announced = total),
    onBytes: (done) => bytes.push(done),
  })
  expect(written).toBe(3)
  expect(readdirSync(join(out, 'c')).sort()).toEqual(['deflated', 'empty', 'stored'])
  for (const name of ['stored', 'deflated']) expect(readFileSync(join(out, 'c', name)).equals(data)).toBe(true)
  expect(readFileSync(join(out, 'c', 'empty'))).toHaveLength(0)
  expect([announced, bytes.at(-1)]).toEqual([600_000, 600_000])
  expect(bytes).toEqual(bytes.toSorted((a, b) => a - b))
})

test('any files survive the round trip', async () => {
  const entry = fc.record({ data: fc.uint8Array({ maxLength: 2000 }), stored: fc.boolean() })
  await fc.assert(
    fc.asyncProperty(fc.array(entry, { maxLength: 8 }), fc.stringMatching(/^[ -~]{0,40}$/), async (files, comment) => {
      const entries = files.map((file, i) => ({ ...file, name: `folder/é${i}` }))
      const { archive, out } = write(zipFile(entries, comment))
      expect(await unzip(archive, (name) => name, out)).toBe(files.length)
      for (const { name, data } of entries) expect(new Uint8Array(readFileSync(join(out, name)))).toEqual(data)
    }),
    { numRuns: 40 },
  )
})

test('a name that leads out of the folder is refused', async () => {
  const { archive, out } = write(zipFile([{ name: '../evil', data: Buffer.from('x') }]))
  await expect(unzip(archive, (name) => name, out)).rejects.toThrow(/damaged: the name "\.\.\/evil" leads out of/)
  expect(existsSync(join(folder, 'evil'))).toBe(false)
})

test.each([
  ['no archive', Buffer.from('not a zip file at all, whatever its name'), /no central directory/],
  ['an empty file', Buffer.alloc(0), /no central directory/],
  [
    'a truncated archive',
    zipFile([{ name: 'x', data: Buffer.alloc(5000, 1) }]).subarray(20),
    /no directory entry|no data of x|central directory/,
  ],
  ['an unknown method', withMethod(zipFile([{ name: 'x', data: Buffer.from('y') }]), 12), /x: method 12/],
])('%s: named as damaged', async (_what, bytes, message) => {
  const { archive, out } = write(bytes)
  await expect(unzip(archive, (name) => name, out)).rejects.toMatchObject({ name: 'InstallError', code: 'archive-damaged' })
  await expect(unzip(archive, (name) => name, out)).rejects.toThrow(message)
})

test('data of another length than the directory says are not taken', async () => {
  const bytes = zipFile([{ name: 'x', data: Buffer.alloc(100, 7) }])
  const at = bytes.indexOf(Buffer.from([0x50, 0x4b, 1, 2]))
  bytes.writeUInt32LE(101, at + 24)
  const { archive, out } = write(bytes)
  await expect(unzip(archive, (name) => name, out)).rejects.toThrow('x has 100 bytes, expected 101')
})

function withMethod(archive: Buffer, method: number): Buffer {
  archive.writeUInt16LE(method, archive.indexOf(Buffer.from([0x50, 0x4b, 1, 2])) + 10)
  return archive
}
