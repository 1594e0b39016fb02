import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { homedir, tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { cacheRoot, createStaging, freeBytes, listEntries, publish, removeEntry, removeStaleStaging, sizeOf } from './cache.ts'

const folder = mkdtempSync(join(tmpdir(), 'tfjs-bayes-cache-test-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

test('the cache is where its own variable says, else where the platform keeps caches', () => {
  expect(cacheRoot({ TFJS_BAYES_CACHE: '/somewhere/else', XDG_CACHE_HOME: '/xdg' })).toBe(resolve('/somewhere/else'))
  expect(cacheRoot({ TFJS_BAYES_CACHE: 'relative' })).toBe(resolve('relative'))
  expect(cacheRoot({ XDG_CACHE_HOME: '/xdg' })).toBe(join('/xdg', 'tfjs-bayes'))
  const standard = cacheRoot({})
  expect(standard.startsWith(homedir())).toBe(true)
  // The XDG specification: a relative path in the variable is to be ignored.
  expect(cacheRoot({ XDG_CACHE_HOME: 'relative' })).toBe(standard)
  expect(cacheRoot({ XDG_CACHE_HOME: '', TFJS_BAYES_CACHE: '' })).toBe(standard)
})

test('a staging folder becomes the entry in one step, in place of an older one', () => {
  const root = join(folder, 'publish')
  mkdirSync(root)
  const entry = join(root, 'entry')
  for (const text of ['first', 'second']) {
    const staging = createStaging(root)
    writeFileSync(join(staging, text), text)
    publish(staging, entry)
    expect(readdirSync(entry)).toEqual([text])
    expect(readdirSync(root)).toEqual(['entry'])
  }
  removeEntry(entry)
  removeEntry(entry)
  expect(readdirSync(root)).toEqual([])
})

test('stale staging folders go, entries stay; a folder without a manifest is no entry', () => {
  const root = join(folder, 'stale')
  mkdirSync(join(root, 'whole'), { recursive: true })
  writeFileSync(join(root, 'whole', 'manifest.json'), '{}')
  mkdirSync(join(root, 'other'))
  const staging = createStaging(root)
  expect(existsSync(staging)).toBe(true)
  removeStaleStaging(root)
  expect(readdirSync(root).sort()).toEqual(['other', 'whole'])
  expect(listEntries(root)).toEqual([join(root, 'whole')])
  expect(listEntries(join(folder, 'nowhere'))).toEqual([])
})

test('sizes count files, not what links lead to; a missing path has none', () => {
  const root = join(folder, 'sizes')
  mkdirSync(join(root, 'sub'), { recursive: true })
  writeFileSync(join(root, 'sub', 'a'), Buffer.alloc(1000))
  writeFileSync(join(root, 'b'), Buffer.alloc(234))
  symlinkSync(join(folder), join(root, 'link'))
  expect(sizeOf(root) - Buffer.byteLength(folder)).toBe(1234)
  expect(sizeOf(join(folder, 'nowhere'))).toBe(0)
})

test('free space is asked of the disk that will hold a folder that is not there yet', () => {
  expect(freeBytes(join(folder, 'not', 'there', 'yet'))).toBeGreaterThan(0)
})
