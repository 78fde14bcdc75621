import type { Journal } from '../journal.js'
import type { Trouble } from '../stage.js'

/** Exactly once, in order, or an exact gap: each reader has every number of each sender from the first that it heard. */
export function checkDelivery(journals: readonly Journal[], troubles: readonly Trouble[]): string[] {
  // Who leaves says how far it came, but not for whom each event was.
  const leftAt = new Map(troubles.flatMap(({ kind, id, from }) => (kind === 'SIGTERM' ? [[id, from] as const] : [])))
  // A liar's numbers are disproved by a gap from the beginning, at most.
  const liedAt = new Map(troubles.flatMap(({ kind, id, from }) => (kind === 'liar' ? [[id, from] as const] : [])).toReversed())
  return journals.flatMap(({ id, entries }) => {
    const expected = new Map<string, number>()
    const least = new Map<string, number>()
    const wrong: string[] = []
    for (const entry of entries) {
      if (entry.what === 'heard') {
        if (entry.n < (least.get(entry.from) ?? 0)) wrong.push(`${id} heard ${entry.n} of ${entry.from} again, at ${entry.at.toFixed()}`)
        const due = expected.get(entry.from) ?? entry.n
        if (entry.n !== due) wrong.push(`${id} heard ${entry.n} of ${entry.from} where ${due} was due, at ${entry.at.toFixed()}`)
        if (entry.n !== entry.seq) wrong.push(`${id} heard ${entry.n} of ${entry.from} under the number ${entry.seq}`)
        expected.set(entry.from, Math.max(due, entry.n + 1))
        least.set(entry.from, entry.n + 1)
      } else if (entry.what === 'gap' && entry.at >= (liedAt.get(entry.from) ?? Number.POSITIVE_INFINITY)) {
        expected.delete(entry.from)
      } else if (entry.what === 'gap') {
        const due = expected.get(entry.from) ?? entry.after + 1
        if ((!entry.exact && entry.at < (leftAt.get(entry.from) ?? Number.POSITIVE_INFINITY)) || entry.after + 1 !== due) wrong.push(`${id} was told of ${entry.lost} lost after ${entry.after} of ${entry.from} where ${due} was due${entry.exact ? '' : ', not exactly'}`)
        expected.set(entry.from, entry.after + entry.lost + 1)
      }
    }
    return wrong
  })
}
