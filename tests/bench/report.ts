/** What a benchmark has measured, and what it set out to reach. */
export interface BenchReport {
  readonly rows: readonly Record<string, string | number>[]
  readonly targets: readonly BenchTarget[]
}

export interface BenchTarget {
  readonly name: string
  /** In words, such as `at least 5`. */
  readonly target: string
  readonly value: number
  readonly met: boolean
}

export interface BenchOptions {
  /** A few seconds instead of a measurement to be quoted. */
  readonly quick: boolean
}
