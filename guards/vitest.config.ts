import type { ViteUserConfig } from 'vitest/config'

const config: ViteUserConfig = {
  test: {
    include: ['test/**/*.test.ts'],
    reporters: ['default', ['json', { outputFile: 'test-results/vitest.json' }]],
    // Each test installs, packs or compiles; the registry decides how long that takes.
    testTimeout: 600_000,
    hookTimeout: 600_000,
  },
}

export default config
