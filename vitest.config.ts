import { defineConfig } from 'vitest/config'

export default defineConfig({
  // The packages are tested as source, without a build.
  resolve: { conditions: ['@ddp-cluster/source'] },
  ssr: { resolve: { conditions: ['@ddp-cluster/source', 'node'] } },
  test: {
    include: ['packages/*/src/**/*.test.ts', 'tests/**/*.test.ts'],
    pool: 'forks',
    testTimeout: 20_000,
    reporters: ['default', './tests/closing-line.ts'],
  },
})
