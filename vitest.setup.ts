import { useFastestBackend } from './packages/backend/src/node.ts'
import { fixPropertySeed } from './packages/testing/src/propertySeed.ts'

// Every test file runs on the fastest backend of this machine, or on the one that TFJS_BAYES_BACKEND names.
await useFastestBackend()
fixPropertySeed()
