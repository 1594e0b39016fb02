import type { ViteUserConfig } from 'vitest/config'
import { shared } from '../../vitest.shared.ts'

// Training on wasm and cpu is slow, the more so where the machine is shared.
const config: ViteUserConfig = { ...shared, test: { ...shared.test, testTimeout: 600_000, hookTimeout: 600_000 } }
export default config
