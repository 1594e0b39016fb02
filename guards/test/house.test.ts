import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { publicPackages, repository } from './packed.ts'

/** Who may build on whom. A package may import what stands in its row; nothing imports upwards. */
const floors: Readonly<Record<string, readonly string[]>> = {
  backend: [],
  distributions: ['backend'],
  layers: ['backend', 'distributions'],
  training: ['backend', 'distributions', 'layers'],
  onnx: ['backend', 'distributions', 'layers'],
}

interface Manifest {
  readonly scripts?: Record<string, string>
  readonly dependencies?: Record<string, string>
  readonly peerDependencies?: Record<string, string>
  readonly engines?: Record<string, string>
  readonly license?: string
  readonly description?: string
}

const read = (file: string): string => readFileSync(join(repository, file), 'utf8')
const manifest = (folder: string): Manifest => JSON.parse(read(`${folder}/package.json`)) as Manifest
const tracked = execFileSync('git', ['ls-files'], { cwd: repository, encoding: 'utf8' }).trim().split('\n')

describe.each(publicPackages)('%s', (name) => {
  const own = manifest(`packages/${name}`)

  test('depends on lower floors only', () => {
    const siblings = Object.keys({ ...own.dependencies, ...own.peerDependencies })
      .filter((dependency) => dependency.startsWith('@tfjs-bayes/'))
      .map((dependency) => dependency.slice('@tfjs-bayes/'.length))
    expect(floors[name]).toEqual(expect.arrayContaining(siblings))
  })

  test('leaves tfjs to the user: two copies of it do not see each other’s tensors', () => {
    expect(own.peerDependencies).toHaveProperty(['@tensorflow/tfjs'])
    expect(own.dependencies ?? {}).not.toHaveProperty(['@tensorflow/tfjs'])
  })

  test('has the scripts that every package has', () => {
    expect(Object.keys(own.scripts ?? {})).toEqual(expect.arrayContaining(['build', 'typecheck', 'test']))
  })

  test('says what it is, for which Node, under which licence', () => {
    expect(own.description).toMatch(/\w/)
    expect(own.engines?.['node']).toBe('>=20.19')
    expect(own.license).toBe('MIT')
  })
})

test.each(tracked.filter((file) => /^\.changeset\/.*\.md$/.test(file) && !file.endsWith('README.md')))(
  '%s is a changeset',
  (file) => {
    expect(read(file)).toMatch(/^---\n("@tfjs-bayes\/[a-z]+": (major|minor|patch)\n)+---\n\n\S/)
  },
)

test('the lockfile names no host', () => {
  expect(read('pnpm-lock.yaml')).not.toMatch(/https?:\/\//)
})

test('the README shows the two commands that do everything', () => {
  expect(read('README.md')).toContain('npm run demo')
  expect(read('README.md')).toContain('npm test')
})

test('no source file is so long that a reader gets lost', () => {
  const long = tracked
    .filter((file) => /\.(ts|mjs|py)$/.test(file))
    .map((file) => ({ file, lines: read(file).split('\n').length }))
    .filter(({ lines }) => lines > 600)
  expect(long).toEqual([])
})
