import type { ViteUserConfig } from 'vitest/config'
import { shared } from '../../vitest.shared.ts'

const isLong = process.env['TFJS_BAYES_PROPERTY_RUNS'] != null

/** Property tests of which more runs are asked for take as long as they take. */
const config: ViteUserConfig = { ...shared, test: { ...shared.test, ...(isLong ? { testTimeout: 7_200_000 } : {}) } }
export default config
