import { defineConfig } from 'vitest/config'

export default defineConfig({
  // The packages are tested as source, without a build.
  resolve: { conditions: ['@ddp-cluster/source'] },
  ssr: { resolve: { conditions: ['@ddp-cluster/source', 'node'] } },
  test: {
    // Tests of whole clusters have many processes and look at the clock: one file at a time, when nothing else runs.
    projects: [
      { extends: true, test: { name: 'parts', include: ['packages/*/src/**/*.test.ts', 'tests/**/*.test.ts'], exclude: ['**/node_modules/**', 'tests/cluster/**', 'tests/chaos/**', 'tests/soak/**', 'tests/pool/**', 'tests/restarts/**', 'tests/browser/page/**', 'tests/bench/guard.test.ts', 'tests/interop/rolling/**'], sequence: { groupOrder: 0 } } },
      { extends: true, test: { name: 'clusters', include: ['tests/cluster/**/*.test.ts', 'tests/chaos/**/*.test.ts', 'tests/soak/**/*.test.ts', 'tests/pool/**/*.test.ts', 'tests/restarts/**/*.test.ts', 'tests/browser/page/**/*.test.ts', 'tests/bench/guard.test.ts', 'tests/interop/rolling/**/*.test.ts'], maxWorkers: 1, sequence: { groupOrder: 1 } } },
    ],
    pool: 'forks',
    testTimeout: 20_000,
    // What runs in this process and its workers: of what tests start as processes of their own, nothing is counted.
    coverage: { provider: 'v8', include: ['packages/*/src/**/*.ts'], exclude: ['**/*.test.ts', '**/*.test-kit.ts', '**/*.fixture.ts', 'packages/instances-page/src/page/**'], reporter: ['text', 'json'], reportOnFailure: true },
    reporters: ['default', './tests/closing-line.ts'],
  },
})
