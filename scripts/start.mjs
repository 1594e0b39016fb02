// The two commands of the README, from a bare clone: `npm run demo` and `npm test`. Needs Node and npm, brings the rest itself.
import { spawn } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { printTotals, workspaceFolders } from './totals.mjs'

const root = fileURLToPath(new URL('..', import.meta.url))
const manifest = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'))
const [command, ...args] = process.argv.slice(2)

process.env.TURBO_TELEMETRY_DISABLED ??= '1'
process.env.TF_CPP_MIN_LOG_LEVEL ??= '3'

checkNode()
if (command === 'demo') await demo()
else if (command === 'test') await test()
else fail('usage: node scripts/start.mjs demo|test [arguments]')

async function demo() {
  await prepare('@tfjs-bayes/demo')
  process.exit(await run(process.execPath, [join('apps', 'demo', 'dist', 'cli.js'), ...args]))
}

async function test() {
  await prepare()
  for (const folder of workspaceFolders(root)) rmSync(join(root, folder, 'test-results'), { recursive: true, force: true })
  // Two at a time: each test process holds a TensorFlow runtime that uses every core by itself.
  const code = await turbo(['run', 'typecheck', 'test', '--concurrency=2', '--continue', ...args])
  const failed = printTotals(root, ['test'])
  process.exit(code !== 0 ? code : failed > 0 ? 1 : 0)
}

/** Installs, builds and fetches the native backend; each step does nothing where it was done before. */
async function prepare(target) {
  await install()
  await must(
    turbo(['run', 'build', '--output-logs=errors-only', ...(target ? [`--filter=${target}...`] : [])]),
    'The build failed.',
  )
  // Optional: without it everything runs on WebAssembly, about 20 times slower, and says so.
  await run(process.execPath, [join('packages', 'backend', 'bin', 'tfjs-bayes-native.js'), 'install', '--optional'])
}

async function install() {
  const stamp = join(root, 'node_modules', '.tfjs-bayes-install')
  const wanted = installKey()
  if (existsSync(stamp) && readFileSync(stamp, 'utf8') === wanted) return
  const pnpm = manifest.packageManager
  console.log(`Installing with ${pnpm} …`)
  await must(
    run('npx', ['--yes', pnpm, 'install', '--frozen-lockfile']),
    'The install failed: see the lines above. Is the npm registry reachable?',
  )
  writeFileSync(stamp, wanted)
}

/** What an install depends on: the lockfile, every manifest, and the Node that built-in binaries were chosen for. */
function installKey() {
  const hash = createHash('sha256').update(process.version)
  const files = [
    'pnpm-lock.yaml',
    'pnpm-workspace.yaml',
    'package.json',
    ...workspaceFolders(root).map((folder) => join(folder, 'package.json')),
  ]
  for (const file of files) hash.update(file).update(readFileSync(join(root, file)))
  return hash.digest('hex')
}

function turbo(turboArgs) {
  return run(process.execPath, [join('node_modules', 'turbo', 'bin', 'turbo'), ...turboArgs])
}

/** Runs to the end with this terminal; Ctrl-C is the child's to handle. Resolves to its exit code. */
function run(file, fileArgs) {
  const ignore = () => {}
  process.on('SIGINT', ignore)
  return new Promise((resolve, reject) => {
    const child = spawn(file, fileArgs, { cwd: root, stdio: 'inherit', shell: process.platform === 'win32' && file === 'npx' })
    child.on('error', reject)
    child.on('exit', (code, signal) => {
      process.off('SIGINT', ignore)
      resolve(signal === 'SIGINT' ? 130 : (code ?? 1))
    })
  })
}

async function must(running, message) {
  const code = await running
  if (code === 130) process.exit(130)
  if (code !== 0) fail(message)
}

function checkNode() {
  const [major = 0, minor = 0] = process.versions.node.split('.').map(Number)
  if (major < 20 || (major === 20 && minor < 19))
    fail(`Node ${process.version} is too old: tfjs-bayes needs Node ${manifest.engines.node}.`)
}

function fail(message) {
  console.error(message)
  process.exit(1)
}
