// Runs this package's tests on each backend in turn: `node scripts/backends.mjs [--short] [native wasm cpu] [-- vitest arguments]`.
// --short takes only the files that show what differs between backends: accuracy in all tails, extremes, shapes, roads to a KL, and the numerics beneath.
// `npm test` runs those on wasm and cpu after everything on the fastest backend; `npm run test:backends` runs everything on all three.
import { spawnSync } from 'node:child_process'

const SHORT = ['src/numerics', 'src/linalg', 'src/kl', 'test/accuracy', 'test/laws/extremes', 'test/laws/shapes', 'test/kl/roads']

const { backends, vitest } = split(process.argv.slice(2))
const failed = backends.filter((backend) => {
  console.log(`\n# ${backend}`)
  // No result file: test-results/vitest.json is that of the full run.
  const { status } = spawnSync('npx', ['vitest', 'run', '--reporter=default', ...vitest], {
    stdio: 'inherit',
    env: { ...process.env, TFJS_BAYES_BACKEND: backend },
  })
  return status !== 0
})
if (failed.length > 0) console.error(`\nfailed on: ${failed.join(', ')}`)
process.exitCode = failed.length > 0 ? 1 : 0

function split(given) {
  const at = given.indexOf('--')
  const own = at < 0 ? given : given.slice(0, at)
  const names = own.filter((each) => each !== '--short')
  return {
    backends: names.length > 0 ? names : ['native', 'wasm', 'cpu'],
    vitest: [...(own.includes('--short') ? SHORT : []), ...(at < 0 ? [] : given.slice(at + 1))],
  }
}
