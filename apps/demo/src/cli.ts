#!/usr/bin/env node
import { INTERRUPTED, runProgram } from './program.ts'

// libtensorflow reports the CPU's features at each start.
process.env['TF_CPP_MIN_LOG_LEVEL'] ??= '2'

const controller = new AbortController()
process.on('SIGINT', () => {
  if (controller.signal.aborted) process.exit(INTERRUPTED)
  process.stderr.write('\nStopping after the step under way; once more to stop at once.\n')
  controller.abort(new Error('interrupted'))
})
// The reader of a pipe may leave before the end.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  process.exit(error.code === 'EPIPE' ? 0 : 1)
})

process.exitCode = await runProgram(process.argv.slice(2), {
  stdout: process.stdout,
  stderr: process.stderr,
  signal: controller.signal,
})
