import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type Consumer, createConsumer, publicPackages, repository } from './packed.ts'

let consumer: Consumer

beforeAll(async () => {
  consumer = await createConsumer()
})
afterAll(() => consumer?.remove())

describe.each(publicPackages)('the tarball of %s', (name) => {
  test('has a manifest without fault', async () => {
    await consumer.run(bin('publint'), consumer.tarballs.get(name)!, '--strict')
  })

  test('resolves, with types, for ESM and bundlers', async () => {
    await consumer.run(bin('attw'), consumer.tarballs.get(name)!, '--profile', 'esm-only')
  })

  test('carries its licence and README and no tests', async () => {
    const files = await consumer.run('tar', '-tzf', consumer.tarballs.get(name)!)
    expect(files).toContain('package/README.md')
    expect(files).toContain('package/LICENSE')
    expect(files).not.toMatch(/\.test\./)
  })
})

const bin = (tool: string): string => join(repository, 'guards', 'node_modules', '.bin', tool)

const compilerOptions = {
  strict: true,
  target: 'ES2022',
  lib: ['ES2023', 'DOM'],
  types: ['node'],
  noEmit: false,
  outDir: 'out',
}

describe('a newcomer’s project', () => {
  test.each(['nodenext', 'bundler'])('compiles the README’s example with module resolution %s', async (moduleResolution) => {
    await consumer.write('example.ts', await readmeExample())
    // tfjs's own declarations do not pass a library check.
    const options = {
      ...compilerOptions,
      skipLibCheck: true,
      module: moduleResolution === 'nodenext' ? 'nodenext' : 'esnext',
      moduleResolution,
    }
    await consumer.write('tsconfig.json', JSON.stringify({ compilerOptions: options, files: ['example.ts'] }))
    await consumer.run('npx', 'tsc', '-p', 'tsconfig.json')
  })

  test('runs the README’s example', async () => {
    const output = await consumer.run(process.execPath, join('out', 'example.js'))
    expect(output).toMatch(/probabilities/i)
  })
})

/** The first TypeScript block of the README, whole: what a newcomer copies. */
async function readmeExample(): Promise<string> {
  const readme = await readFile(join(repository, 'README.md'), 'utf8')
  const block = /```ts\n([\s\S]*?)```/.exec(readme)?.[1]
  if (block === undefined) throw new Error('README.md has no TypeScript example')
  return block
}
