import { readFileSync } from 'node:fs'
import { isBuiltin } from 'node:module'
import ts from 'typescript'
import { expect, test } from 'vitest'

/** The modules that an entry point imports, and theirs, by import statements and import() alike. */
function importedBy(entry: URL): Map<string, string> {
  const found = new Map<string, string>()
  const visit = (file: URL) => {
    for (const { fileName } of ts.preProcessFile(readFileSync(file, 'utf8'), true, true).importedFiles) {
      const key = fileName.startsWith('.') ? new URL(fileName, file).href : fileName
      if (found.has(key)) continue
      found.set(key, file.href)
      if (fileName.startsWith('.')) visit(new URL(fileName, file))
    }
  }
  visit(entry)
  return found
}

test('a bundle of the compile entry for browsers holds nothing of Node and no tfjs-node', () => {
  const imports = importedBy(new URL('../../src/compile/index.ts', import.meta.url))
  const packages = [...imports.keys()].filter((name) => !name.startsWith('file:'))
  expect(packages).toEqual(['@tensorflow/tfjs'])
  expect(packages.filter((name) => isBuiltin(name))).toEqual([])
  expect(imports.size).toBeGreaterThan(15)
})
