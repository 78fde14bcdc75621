import { since } from './durations.js'
import type { Instance } from './instance.js'
import { amount, milliseconds } from './quantities.js'
import { signWords } from './status-signs.js'

/** Sort key of a row: numbers by size, words by the alphabet, the unknown last. */
export type SortValue = number | string | undefined

export interface Column {
  readonly key: string
  readonly title: string
  readonly numeric?: true
  readonly textOf: (instance: Instance, now: number) => string
  readonly valueOf: (instance: Instance) => SortValue
}

/** Order of the statuses: concerns come first. */
const urgency = { suspect: 0, joining: 1, self: 2, alive: 3 } as const

export const columns: readonly Column[] = [
  { key: 'status', title: 'Status', textOf: ({ status }) => signWords[status], valueOf: ({ status }) => urgency[status] },
  { key: 'id', title: 'Instance', textOf: ({ id }) => id, valueOf: ({ id }) => id },
  { key: 'address', title: 'Address', textOf: ({ address }) => address, valueOf: ({ address }) => address },
  { key: 'pid', title: 'Process', numeric: true, textOf: ({ pid }) => (pid === 0 ? '' : String(pid)), valueOf: ({ pid }) => pid },
  { key: 'link', title: 'Link', textOf: linkWords, valueOf: linkWords },
  { key: 'roundTrip', title: 'Round trip', numeric: true, textOf: ({ link }) => (link?.roundTripMs === undefined ? '' : milliseconds(link.roundTripMs)), valueOf: ({ link }) => link?.roundTripMs },
  { key: 'behind', title: 'Behind', numeric: true, textOf: ({ log }) => (log ? amount(log.unsent) : ''), valueOf: ({ log }) => log?.unsent },
  { key: 'since', title: 'Since', numeric: true, textOf: (instance, now) => since(instance.since, now), valueOf: (instance) => age(instance.since) },
  { key: 'heartbeat', title: 'Heartbeat', numeric: true, textOf: ({ heartbeatAt }, now) => (heartbeatAt ? `${since(heartbeatAt, now)} ago` : ''), valueOf: ({ heartbeatAt }) => age(heartbeatAt) },
  { key: 'reason', title: 'Why', textOf: reasonOf, valueOf: (instance) => reasonOf(instance) || undefined },
]

function linkWords({ local, link }: Instance): string {
  if (local) return 'itself'
  if (!link) return 'not dialled yet'
  if (link.connected) return link.authorized ? 'connected' : 'connected, not authorized'
  return link.retryCount > 0 ? `${link.status}, tried ${link.retryCount} ×` : link.status
}

/** Why it is not as it should be; nothing when all is well. */
export function reasonOf({ reason, link, local }: Instance): string {
  if (reason !== undefined) return reason
  return local || link?.connected ? '' : link?.reason ?? link?.lastError ?? ''
}

/** The older, the larger. */
const age = (date: Date | undefined): number | undefined => date && -date.getTime()
