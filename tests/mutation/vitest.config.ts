import { defineConfig } from 'vitest/config'

/** What finds mutants: the tests that stand beside the sources. */
export default defineConfig({
  resolve: { conditions: ['@ddp-cluster/source'] },
  ssr: { resolve: { conditions: ['@ddp-cluster/source', 'node'] } },
  test: { include: ['packages/*/src/**/*.test.ts'] },
})
