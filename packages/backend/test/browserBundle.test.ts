import { fileURLToPath } from 'node:url'
import { build, type Rollup } from 'vite'
import { expect, test } from 'vitest'

/** The modules of a browser bundle of one entry point, built by Vite from what a page would write. */
async function bundle(entry: string): Promise<readonly string[]> {
  const page = `import * as entry from '@tfjs-bayes/backend${entry}'; console.log(entry)`
  const result = await build({
    configFile: false,
    logLevel: 'silent',
    root: fileURLToPath(new URL('..', import.meta.url)),
    resolve: { conditions: ['@tfjs-bayes/source', 'module', 'browser'] },
    build: { write: false, minify: false, rollupOptions: { input: 'page' } },
    plugins: [
      {
        name: 'page',
        resolveId: (id) => (id === 'page' ? '\0page' : null),
        load: (id) => (id === '\0page' ? page : null),
      },
    ],
  })
  return [result].flat().flatMap((output) => ('output' in output ? output.output.flatMap(modulesOf) : []))
}

const modulesOf = (part: Rollup.OutputChunk | Rollup.OutputAsset): string[] => (part.type === 'chunk' ? part.moduleIds : [])

const ours = (ids: readonly string[]): string[] => ids.flatMap((id) => /packages\/backend\/(src\/.*)$/.exec(id)?.[1] ?? [])

test.each([
  ['', 'src/random/statelessNormal.ts'],
  ['/wasm', 'src/wasm.ts'],
  ['/cpu', 'src/cpu.ts'],
])('a browser bundle of ".%s" has neither tfjs-node nor anything of Node', async (entry, expected) => {
  const ids = await bundle(entry)
  expect(ours(ids)).toContain(expected)
  expect(ids.some((id) => id.includes('@tensorflow/tfjs-core'))).toBe(true)
  expect(ids.filter((id) => /tfjs-node|node-pre-gyp|node:/.test(id))).toEqual([])
  expect(ours(ids).filter((id) => /native|install/i.test(id))).toEqual([])
})

test('the check can fail: the native entry point pulls tfjs-node in, which no bundler can swallow', async () => {
  await expect(bundle('/native')).rejects.toThrow(/node-pre-gyp/)
})
