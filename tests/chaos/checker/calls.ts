import type { Journal } from '../journal.js'

/** The outcomes that say that the method did not run. */
const notRun = new Set(['left', 'suspect', 'too-many-calls'])

/** A call runs once at most, and what its caller is told is true. */
export function checkCalls(journals: readonly Journal[]): string[] {
  const runs = new Map<string, number>()
  for (const { entries } of journals) for (const entry of entries) if (entry.what === 'ran') runs.set(entry.call, (runs.get(entry.call) ?? 0) + 1)
  const wrong = [...runs].filter(([, times]) => times > 1).map(([call, times]) => `call ${call} ran ${times} times`)
  for (const { id, entries } of journals) {
    for (const entry of entries) {
      if (entry.what !== 'called') continue
      const ran = runs.has(entry.call)
      if (entry.outcome === 'ok' && !ran) wrong.push(`${id} had an answer of ${entry.to} to call ${entry.call}, which did not run`)
      if (notRun.has(entry.outcome) && ran) wrong.push(`${id} was told ${entry.outcome} of call ${entry.call} to ${entry.to}, which ran`)
    }
  }
  return wrong
}
