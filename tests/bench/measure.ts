/** One of the things that are measured side by side: `batch` does the work once. */
export interface Competitor {
  readonly name: string
  readonly batch: () => unknown
}

export interface MeasureOptions {
  readonly rounds: number
  /** How long one competitor runs in one round. */
  readonly roundMs: number
}

/** Keeps results alive, so that no work is optimised away. */
let sink: unknown

/**
 * How many batches a second each competitor did, round by round. They take turns, in another order every round, so that what else happens on
 * the machine hits all of them.
 */
export function measure(competitors: readonly Competitor[], options: MeasureOptions): Map<string, readonly number[]> {
  const rates = new Map(competitors.map(({ name }) => [name, [] as number[]]))
  for (const { batch } of competitors) rate(batch, options.roundMs)
  for (let round = 0; round < options.rounds; round += 1) {
    for (let i = 0; i < competitors.length; i += 1) {
      const competitor = competitors[(i + round) % competitors.length]
      if (competitor) rates.get(competitor.name)?.push(rate(competitor.batch, options.roundMs))
    }
  }
  return rates
}

/** How much faster one was than another: the median of the rounds, in each of which the machine was the same for both. */
export function ratio(one: readonly number[], other: readonly number[]): number {
  return median(one.map((rateOfOne, round) => rateOfOne / (other[round] ?? Number.NaN)))
}

/** What `measure` kept alive last. */
export function lastResult(): unknown {
  return sink
}

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b)
  const middle = Math.floor(sorted.length / 2)
  return sorted.length % 2 === 1 ? (sorted[middle] ?? Number.NaN) : ((sorted[middle - 1] ?? Number.NaN) + (sorted[middle] ?? Number.NaN)) / 2
}

function rate(batch: () => unknown, forMs: number): number {
  const start = performance.now()
  let batches = 0
  let now = start
  while (now - start < forMs) {
    sink = batch()
    batches += 1
    now = performance.now()
  }
  return (batches * 1_000) / (now - start)
}
