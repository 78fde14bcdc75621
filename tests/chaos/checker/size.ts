import type { Journal } from '../journal.js'

/** What the log may hold by default, and as much again. */
const mostGrowthBytes = 128 * 1024 * 1024

/** No process grows beyond its bounds. */
export function checkSize(journals: readonly Journal[]): string[] {
  return journals.flatMap(({ id, entries }) => {
    const sizes = entries.flatMap((entry) => (entry.what === 'size' ? [entry.rssBytes] : []))
    const grown = Math.max(0, ...sizes) - (sizes[0] ?? 0)
    return grown > mostGrowthBytes ? [`${id} grew by ${(grown / 1024 / 1024).toFixed()} MiB`] : []
  })
}
