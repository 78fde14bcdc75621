import type { Look } from './samples.js'

/** A look in one line: every instance in its place, MongoDB's process after them. */
export function toLine({ atMs, members, mongo }: Look): string {
  const all = [...members, ...(mongo ? [mongo] : [])]
  const inMiB = (bytes: readonly number[]): string => bytes.map((count) => (count / 1_048_576).toFixed(1)).join(' ')
  return [
    `${(atMs / 1000).toFixed().padStart(6)} s`,
    `heap ${inMiB(all.map(({ heapBytes }) => heapBytes))}`,
    `rss ${inMiB(all.map(({ rssBytes }) => rssBytes))}`,
    `outside ${inMiB(all.map(({ externalBytes }) => externalBytes))}`,
    `fd ${all.map(({ descriptors }) => descriptors).join(' ')}`,
    `cpu ${(all.reduce((sum, { cpuMs }) => sum + cpuMs, 0) / 1000).toFixed(1)} s`,
    `${members.reduce((sum, { heard }) => sum + heard, 0)} heard, ${members.reduce((sum, { lost }) => sum + lost, 0)} lost`,
  ].join('  ')
}
