import type { Entry } from '../journal.js'
import type { Trouble } from '../stage.js'

const reachesBackMs = 15_000

/** What was done to these instances, and seen by the one whose entries they are, before a violation: the lines that matter. */
export function history(at: number, ids: readonly string[], entries: readonly Entry[], troubles: readonly Trouble[]): string[] {
  const since = at - reachesBackMs
  const done = troubles.filter(({ id, from, until }) => (id === undefined || ids.includes(id)) && from <= at && until >= since).map(({ kind, id, from, until }) => ({ from, text: `${kind}${id === undefined ? '' : ` of ${id}`} until ${(until - at).toFixed()}` }))
  const seen = entries.flatMap((entry) => {
    if (entry.at < since || entry.at > at) return []
    if (entry.what === 'told' && ids.includes(entry.about)) return [{ from: entry.at, text: `told ${entry.event}${entry.reason === undefined ? '' : ` (${entry.reason})`}` }]
    return entry.what === 'late' ? [{ from: entry.at, text: `had stood still for ${entry.byMs.toFixed()} ms, of which it ran for ${entry.cpuMs.toFixed()}` }] : []
  })
  return [...done, ...seen].sort((a, b) => a.from - b.from).map(({ from, text }) => `    ${(from - at).toFixed()} ms: ${text}`)
}
