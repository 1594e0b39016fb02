// Measures the largest errors anew, on every backend, and writes test/accuracy/accuracy.json.
import { spawnSync } from 'node:child_process'
import { writeFileSync } from 'node:fs'

writeFileSync(new URL('../test/accuracy/accuracy.json', import.meta.url), '{}\n')
const { status } = spawnSync(process.execPath, ['../../scripts/backends.mjs', '--', 'test/accuracy'], {
  stdio: 'inherit',
  env: { ...process.env, UPDATE_ACCURACY: '1' },
})
process.exitCode = status ?? 1
