// The native backend on several versions of Node, from nothing: `node test/nodeVersions.mjs [version ...]`, default 20.19 20 22 24. Not part
// of the ordinary tests: it downloads those Nodes (npm package `node`), this package's dependencies, and TensorFlow once per version.
// For each version: install into an empty cache, install again, status --verify, the three backends compared, a model trained and saved, a step compiled, remove.
import { spawnSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

/** Runs in the project: the expected backend, the same noise on each backend, a model that learns, is saved and comes back. */
const SMOKE = `
import assert from 'node:assert/strict'
import { rmSync } from 'node:fs'
import * as tf from '@tensorflow/tfjs'
import { adamUpdate, statelessNormal } from '@tfjs-bayes/backend'
import { compile } from '@tfjs-bayes/backend/compile'
import { useCpuBackend } from '@tfjs-bayes/backend/cpu'
import { useFastestBackend } from '@tfjs-bayes/backend/node'
import { useWasmBackend } from '@tfjs-bayes/backend/wasm'

const expected = process.argv[2] ?? 'tensorflow'
const report = await useFastestBackend()
console.log(report.message)
assert.equal(report.name, expected)
const draw = async () => [...(await statelessNormal([1000], 5, tf.scalar(3, 'int32')).data())]
const first = await draw()
const train = (wrap) => {
  const [value, firstMoment, secondMoment] = [1, 0, 0].map((start) => tf.variable(tf.fill([40000], start)))
  const step = wrap((counter) => {
    const gradient = tf.mul(value, statelessNormal([40000], 9, counter)).relu()
    const scalars = { learningRate: tf.scalar(0.1), beta1Power: tf.scalar(0.9), beta2Power: tf.scalar(0.999) }
    const moments = { firstMoment, secondMoment, beta1: 0.9, beta2: 0.999, epsilon: 1e-7 }
    const after = adamUpdate({ value, gradient, ...scalars, ...moments })
    for (const [name, variable] of Object.entries({ value, firstMoment, secondMoment })) variable.assign(after[name])
  })
  for (let i = 0; i < 12; i++) tf.tidy(() => step(tf.scalar(i, 'int32')))
  return { step, values: [...value.dataSync()] }
}
if (expected === 'tensorflow') {
  const x = tf.linspace(-1, 1, 64).reshape([64, 1])
  const model = tf.sequential({ layers: [tf.layers.dense({ units: 8, activation: 'tanh', inputShape: [1] }), tf.layers.dense({ units: 1 })] })
  model.compile({ optimizer: tf.train.adam(0.02), loss: 'meanSquaredError' })
  const { history } = await model.fit(x, x.mul(2).add(1), { epochs: 60, verbose: 0 })
  assert(history.loss.at(-1) < 0.1 * history.loss[0], 'it does not learn')
  await model.save('file://saved')
  const loaded = await tf.loadLayersModel('file://saved/model.json')
  assert.deepEqual([...(await loaded.predict(x).data())], [...(await model.predict(x).data())])
  rmSync('saved', { recursive: true })
  const compiled = train(compile)
  assert.equal(compiled.step.graph.stats.graphCalls, 9, compiled.step.graph.reason?.message)
  assert.equal(compiled.step.graph.stats.graphs[0].residentVariables, 3)
  assert.deepEqual(compiled.values, train((step) => step).values)
}
for (const use of [useWasmBackend, useCpuBackend]) {
  await use()
  for (const [i, value] of (await draw()).entries()) assert(Math.abs(value - first[i]) < 5e-6, 'backends differ')
}
console.log('ok')
`

const packageFolder = fileURLToPath(new URL('..', import.meta.url))
const versions = process.argv.length > 2 ? process.argv.slice(2) : ['20.19', '20', '22', '24']
const scratch = mkdtempSync(join(tmpdir(), 'tfjs-bayes-node-versions-'))
const failures = []

try {
  const project = makeProject()
  for (const version of versions) check(project, version)
} finally {
  rmSync(scratch, { recursive: true, force: true })
}
for (const failure of failures) console.error(`FAILED ${failure}`)
console.log(
  `${versions.length - new Set(failures.map((failure) => failure.split(':')[0])).size} of ${versions.length} versions of Node work`,
)
process.exitCode = failures.length > 0 ? 1 : 0

/** A project that has this package as npm would install it: packed, not linked. */
function makeProject() {
  const commands = join(packageFolder, '..', '..', 'node_modules', '.bin')
  const project = join(scratch, 'project')
  mkdirSync(project)
  writeFileSync(join(project, 'package.json'), JSON.stringify({ private: true, type: 'module' }))
  must('build', join(commands, 'tsc'), ['-p', 'tsconfig.build.json'], { cwd: packageFolder })
  must('pack', join(commands, 'pnpm'), ['pack', '--pack-destination', scratch], {
    cwd: packageFolder,
  })
  const tarball = join(
    scratch,
    readdirSync(scratch).find((name) => name.endsWith('.tgz')),
  )
  const tfjs = ['tfjs', 'tfjs-node', 'tfjs-backend-wasm'].map((name) => `@tensorflow/${name}@4.22.0`)
  must('npm install', 'npm', ['install', '--ignore-scripts', '--no-audit', '--no-fund', tarball, ...tfjs], { cwd: project })
  writeFileSync(join(project, 'smoke.js'), SMOKE)
  return project
}

function check(project, version) {
  const node = must(`node ${version}`, 'npx', ['--yes', '--package', `node@${version}`, '--', 'node', '-p', 'process.execPath'], {
    cwd: scratch,
  })
    .trim()
    .split('\n')
    .at(-1)
  const cache = join(scratch, 'cache')
  const env = { ...process.env, TFJS_BAYES_CACHE: cache }
  const cli = join(project, 'node_modules', '@tfjs-bayes', 'backend', 'bin', 'tfjs-bayes-native.js')
  const steps = [
    ['install', [cli, 'install'], /^Installed the native backend/],
    ['install again', [cli, 'install'], /^The native backend is there/],
    ['status --verify', [cli, 'status', '--verify'], /yes, TensorFlow .*checksums match/s],
    ['backends', ['smoke.js'], /^ok/m],
    ['remove', [cli, 'remove'], /^Removed the link/],
    ['backends without the addon', ['smoke.js', 'wasm'], /^ok/m],
  ]
  console.log(`Node ${spawnSync(node, ['--version'], { encoding: 'utf8' }).stdout.trim()}`)
  for (const [name, args, expected] of steps) {
    const start = performance.now()
    const { status, stdout, stderr } = spawnSync(node, args, { cwd: project, env, encoding: 'utf8' })
    const good = status === 0 && expected.test(stdout)
    console.log(`  ${good ? 'ok    ' : 'FAILED'} ${name} (${((performance.now() - start) / 1000).toFixed(1)} s)`)
    if (!good) failures.push(`${version}: ${name}: exit code ${status}\n${stdout}${stderr}`)
  }
  rmSync(cache, { recursive: true, force: true })
}

function must(what, command, args, options) {
  const { status, stdout, stderr, error } = spawnSync(command, args, { encoding: 'utf8', ...options })
  if (status !== 0) throw new Error(`${what}: ${error?.message ?? `${stdout}${stderr}`}`)
  return stdout
}
