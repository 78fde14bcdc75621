import type { Reporter, TestModule } from 'vitest/node'

/** Ends a test run with what was skipped, and one plain line of counts, which tools that know no vitest can read. */
export class ClosingLine implements Reporter {
  onTestRunEnd(modules: readonly TestModule[]): void {
    const counts = { passed: 0, failed: 0, skipped: 0, pending: 0 }
    const skipped = new Set<string>()
    for (const module of modules) {
      for (const test of module.children.allTests()) {
        const { state } = test.result()
        counts[state] += 1
        if (state === 'skipped') skipped.add(`${module.relativeModuleId}: ${test.parent.type === 'suite' ? test.parent.fullName : test.name}`)
      }
      if (module.state() === 'failed' && module.errors().length > 0) counts.failed += 1
    }
    for (const what of skipped) process.stdout.write(`\nskipped: ${what}`)
    process.stdout.write(`\ntests: ${counts.passed} passed, ${counts.failed} failed, ${counts.skipped} skipped\n`)
  }
}

// vitest loads a reporter by its file's default export.
// oxlint-disable-next-line import/no-default-export
export default ClosingLine
