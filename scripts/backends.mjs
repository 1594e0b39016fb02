// Runs the tests of the package it is started in on each backend in turn: `node ../../scripts/backends.mjs [native wasm cpu] [-- vitest arguments]`.
// `npm run test:backends` runs everything on all three. `npm test` of distributions, layers and training goes on, after everything on the fastest
// backend, with what differs between backends on the other two.
import { spawnSync } from 'node:child_process'

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
  const names = at < 0 ? given : given.slice(0, at)
  return {
    backends: names.length > 0 ? names : ['native', 'wasm', 'cpu'],
    vitest: at < 0 ? [] : given.slice(at + 1),
  }
}
