import type { Journal } from '../journal.js'
import type { Trouble } from '../stage.js'
import { history } from './history.js'

/** What keeps an instance from renewing its record. */
const silencing = new Set(['pause', 'block', 'no descriptors'])
/** What keeps everybody's renewals waiting. */
const delaying = new Set(['MongoDB stops', 'MongoDB hangs', 'MongoDB fails over'])
const ending = new Set(['SIGKILL', 'SIGTERM'])
/** Between the last renewal and the conclusion pass the expiry and a little. */
const slackMs = 3000
/** Whoever stands still for less loses no link. */
const shortestLossMs = 1000

/** `joined` and `left` alternate, and nobody is said to have left who was healthy. */
export function checkMembership(journals: readonly Journal[], troubles: readonly Trouble[], expireAfterMs: number): string[] {
  return journals.flatMap(({ id, entries }) => {
    const joined = new Set<string>()
    const wrong: string[] = []
    for (const entry of entries) {
      if (entry.what !== 'told') continue
      const { event, about, at } = entry
      const isMember = joined.has(about)
      if (isMember === (event === 'memberJoined') && event !== 'memberSuspected') wrong.push(`${id} said ${event} of ${about}, who ${isMember ? 'had joined' : 'had not joined'}`)
      if (event === 'memberJoined') joined.add(about)
      if (event !== 'memberLeft') continue
      joined.delete(about)
      if (!couldHaveLeft(about, entry.reason, at, troubles, expireAfterMs)) wrong.push([`${id} said at ${at.toFixed()} that ${about} left (${entry.reason}), who was there`, ...history(at, [id, about], entries, troubles)].join('\n'))
    }
    return wrong
  })
}

function couldHaveLeft(about: string, reason: string | undefined, at: number, troubles: readonly Trouble[], expireAfterMs: number): boolean {
  const own = troubles.filter(({ id, from }) => id === about && from <= at)
  if (reason === 'closed') return own.some(({ kind }) => kind === 'SIGTERM' || kind === 'liar')
  if (own.some(({ kind }) => ending.has(kind))) return true
  // Somebody said goodbye in its name, or answered in its place.
  if (own.some(({ kind, until }) => kind === 'liar' && at <= until + expireAfterMs + slackMs)) return true
  const since = at - expireAfterMs - slackMs
  const silences = own.filter(({ kind }) => silencing.has(kind))
  const silentMs = coveredMs(silences, since, at)
  if (silentMs >= expireAfterMs / 2) return true
  // It stands still, and what it sent before that had to wait.
  const delays = troubles.filter(({ kind }) => delaying.has(kind))
  return silentMs >= shortestLossMs && silences.some(({ until }) => until >= at) && coveredMs([...silences, ...delays], since, at) >= expireAfterMs / 2
}

/** How much of the time between the two was within any of these. */
function coveredMs(troubles: readonly Trouble[], since: number, at: number): number {
  let covered = 0
  let reached = since
  for (const { from, until } of troubles.toSorted((a, b) => a.from - b.from)) {
    const end = Math.min(until, at)
    covered += Math.max(0, end - Math.max(from, reached))
    reached = Math.max(reached, end)
  }
  return covered
}
