import { fileURLToPath } from 'node:url'
import type { ViteUserConfig } from 'vitest/config'

const conditions = ['@tfjs-bayes/source', 'node', 'import', 'module', 'default']

/** What every package's vitest.config.ts starts from: sources instead of builds, one process per file (the native addon does not live in worker threads). */
export const shared: ViteUserConfig = {
  resolve: { conditions },
  ssr: { resolve: { conditions } },
  test: {
    pool: 'forks',
    include: ['src/**/*.test.ts', 'test/**/*.test.ts'],
    setupFiles: [fileURLToPath(new URL('./vitest.setup.ts', import.meta.url))],
    reporters: ['default', ['json', { outputFile: 'test-results/vitest.json' }]],
    testTimeout: 120_000,
    hookTimeout: 120_000,
  },
}
