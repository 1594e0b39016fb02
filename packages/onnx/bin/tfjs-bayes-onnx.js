#!/usr/bin/env node
import { main } from '../dist/cli/main.js'

// Whoever reads may stop early: `... | head`.
process.stdout.on('error', (error) => {
  if (error.code === 'EPIPE') process.exit()
  throw error
})
process.exitCode = await main(process.argv.slice(2))
