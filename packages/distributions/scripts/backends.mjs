// Runs this package's tests on each backend in turn: `node scripts/backends.mjs [native wasm cpu] [-- vitest arguments]`.
import { spawnSync } from 'node:child_process'

const [names, rest] = split(process.argv.slice(2))
const failed = names.filter((backend) => {
  console.log(`\n# ${backend}`)
  const { status } = spawnSync('npx', ['vitest', 'run', ...rest], {
    stdio: 'inherit',
    env: { ...process.env, TFJS_BAYES_BACKEND: backend },
  })
  return status !== 0
})
if (failed.length > 0) console.error(`\nfailed on: ${failed.join(', ')}`)
process.exitCode = failed.length > 0 ? 1 : 0

function split(given) {
  const at = given.indexOf('--')
  const backends = at < 0 ? given : given.slice(0, at)
  return [backends.length > 0 ? backends : ['native', 'wasm', 'cpu'], at < 0 ? [] : given.slice(at + 1)]
}
