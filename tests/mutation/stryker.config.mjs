/** @type {import('@stryker-mutator/api/core').PartialStrykerOptions} */
export default {
  plugins: [import.meta.resolve('@stryker-mutator/vitest-runner').replace('file://', '')],
  testRunner: 'vitest',
  // It would rewrite one, and by TypeScript's old programming interface.
  tsconfigFile: 'none',
  vitest: { configFile: 'tests/mutation/vitest.config.ts' },
  ignorePatterns: ['/docs', '/examples', '/deploy'],
  reporters: ['clear-text', 'progress-append-only'],
  clearTextReporter: { allowColor: false, logTests: false, allowEmojis: false, reportTests: false },
  concurrency: 2,
  thresholds: { high: 95, low: 85, break: 85 },
  tempDirName: 'tests/mutation/.sandbox',
}
