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
  /** Why it may be missed, as far as it is known. */
  readonly why?: string
}

/** The machine and the versions that a report is true of. */
export interface Setting {
  /** Of the day on which it ended. */
  readonly date: string
  readonly quick: boolean
  readonly machine: { readonly cpu: string; readonly cores: number; readonly platform: string }
  readonly versions: Readonly<Record<string, string>>
}

/** Every benchmark of one run. */
export interface WholeReport extends Setting {
  readonly benchmarks: readonly (BenchReport & { readonly name: string })[]
}

export interface BenchOptions {
  /** A few seconds instead of a measurement to be quoted. */
  readonly quick: boolean
}
