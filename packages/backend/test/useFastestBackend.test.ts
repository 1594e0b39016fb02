import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import * as tf from '@tensorflow/tfjs'
import { afterAll, expect, test } from 'vitest'
import { type BackendReport, useFastestBackend } from '../src/node.ts'
import { Project, writeFile } from './install/project.ts'
import { withoutOneDnnNotice } from './withoutOneDnnNotice.ts'

const before = tf.getBackend()
afterAll(async () => {
  await tf.setBackend(before)
})

test.each(['wasm', 'cpu'] as const)('prefer: %s is what one gets, and the line says who asked', async (prefer) => {
  const report = await useFastestBackend({ prefer })
  expect(report).toMatchObject({ name: prefer, native: false })
  expect(tf.getBackend()).toBe(prefer)
  expect(report.message).toMatch(new RegExp(`^Backend: .*, because prefer is "${prefer}"\\.$`))
})

test('an unknown backend is refused', async () => {
  await expect(useFastestBackend({ prefer: 'gpu' as 'cpu' })).rejects.toThrow(
    'prefer is "gpu", expected one of native, wasm, cpu',
  )
})

test('by default it is the native one, or its addon is not installed', async () => {
  const report = await useFastestBackend({ prefer: 'native' })
  if (report.native) expect(report.message).toMatch(/^Backend: native TensorFlow \d+\.\d+\.\d+\.$/)
  else expect(report.message).toMatch(/`npx tfjs-bayes-native install`\.$/)
})

const ASK = `
import { useFastestBackend } from '@tfjs-bayes/backend/node'
console.log(JSON.stringify(await useFastestBackend(JSON.parse(process.argv[2] ?? '{}'))))`

/** What `useFastestBackend` reports in a project, in a process of its own. */
async function ask(project: Project, env: Record<string, string> = {}): Promise<BackendReport & { readonly said: string }> {
  const run = project.run(ASK, { TFJS_BAYES_CACHE: join(project.folder, 'cache'), ...env })
  const { code } = await run.ended
  expect(withoutOneDnnNotice(run.stderr)).toBe('')
  expect(code).toBe(0)
  return { ...(JSON.parse(run.stdout) as BackendReport), said: run.stdout }
}

test('without the package: WebAssembly, and how to get the package', async () => {
  const report = await ask(new Project({ tfjsNode: false }))
  expect(report).toMatchObject({ name: 'wasm', native: false })
  expect(report.message).toBe(
    'Backend: WebAssembly with SIMD (about 20 times slower than native), because the package @tensorflow/tfjs-node is not installed; ' +
      'to get it: `npm install --ignore-scripts @tensorflow/tfjs-node`, then `npx tfjs-bayes-native install`.',
  )
})

test('without the addon: how to get it', async () => {
  const report = await ask(new Project())
  expect(report).toMatchObject({ name: 'wasm', native: false })
  expect(report.message).toMatch(/because tfjs-node’s native addon is not there; to get it: `npx tfjs-bayes-native install`\.$/)
})

test('with a link into a cache that is gone: so it says', async () => {
  const project = new Project()
  mkdirSync(join(project.tfjsNode, 'lib'))
  symlinkSync(join(project.folder, 'cache', 'entry', 'lib', 'napi-v8'), project.addonFolder)
  const { message } = await ask(project)
  expect(message).toMatch(
    /because tfjs-node’s native addon was in a cache that is gone; to get it again: `npx tfjs-bayes-native install`\.$/,
  )
})

test('with an addon that does not load: the loader’s reason', async () => {
  const project = new Project()
  writeFile(join(project.addonFolder, 'tfjs_binding.node'), 'not a library')
  const { message } = await ask(project)
  expect(message).toMatch(
    /because tfjs-node’s native addon does not load \(.*tfjs_binding\.node.*\); to make it anew: `npx tfjs-bayes-native remove`/,
  )
  expect(message).not.toContain('\n')
})

test('with an addon that loads but a tfjs-node that fails: its own words', async () => {
  const project = new Project()
  writeFile(join(project.addonFolder, 'tfjs_binding.node'), '')
  writeFileSync(join(project.tfjsNode, 'index.js'), `throw new TypeError('util.isArray is not a function\\nsecond line')\n`)
  const { message } = await ask(project)
  expect(message).toMatch(
    /because tfjs-node does not start \(util\.isArray is not a function\); `npx tfjs-bayes-native status` says more\.$/,
  )
})

test('before tfjs-node loads: its log is cut down unless the user chose, and the functions that newer Nodes lack are back', async () => {
  const project = new Project()
  writeFile(
    join(project.tfjsNode, 'index.js'),
    `const { isArray, isNullOrUndefined } = require('util')
     throw new Error([process.env.TF_CPP_MIN_LOG_LEVEL, isArray([]), isArray({}), isNullOrUndefined(null), isNullOrUndefined(0)].join())`,
  )
  writeFile(join(project.addonFolder, 'tfjs_binding.node'), '')
  writeFile(
    join(project.folder, 'newer.cjs'),
    `for (const name of ['isArray', 'isNullOrUndefined']) delete require('util')[name]`,
  )
  const env = { NODE_OPTIONS: `--require ${join(project.folder, 'newer.cjs')}` }
  expect((await ask(project, env)).message).toContain('(2,true,false,true,false)')
  expect((await ask(project, { ...env, TF_CPP_MIN_LOG_LEVEL: '0' })).message).toContain('(0,true,false,true,false)')
})

test('without WebAssembly too: plain JavaScript, with both reasons', async () => {
  const report = await ask(new Project({ tfjsNode: false, wasm: false }))
  expect(report.name).toBe('cpu')
  expect(report.message).toMatch(
    /^Backend: plain JavaScript, because the package @tensorflow\/tfjs-node is not installed; .*; WebAssembly does not start either: the package @tensorflow\/tfjs-backend-wasm is not installed; to get it: `npm install @tensorflow\/tfjs-backend-wasm`\.$/,
  )
})

test('the variable TFJS_BAYES_BACKEND chooses, an unknown value is refused, the option comes first', async () => {
  const project = new Project()
  expect((await ask(project, { TFJS_BAYES_BACKEND: 'cpu' })).message).toBe(
    'Backend: plain JavaScript, because TFJS_BAYES_BACKEND is "cpu".',
  )
  const wrong = project.run(ASK, { TFJS_BAYES_BACKEND: 'wsam' })
  expect((await wrong.ended).code).toBe(1)
  expect(wrong.stderr).toContain('InvalidArgumentError: TFJS_BAYES_BACKEND is "wsam", expected one of native, wasm, cpu')
  const both = project.run(ASK, { TFJS_BAYES_BACKEND: 'wsam' }, ['{"prefer":"cpu"}'])
  expect((await both.ended).code).toBe(0)
})
