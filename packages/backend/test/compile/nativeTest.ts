import { test } from 'vitest'
import { tensorFlowBackend } from '../../src/compile/tensorFlowBackend.ts'

/** A test of graphs: there are none where this machine has no native backend, and vitest.setup.ts has then taken another one. */
export const nativeTest: typeof test = test.runIf(tensorFlowBackend() !== undefined) as typeof test
