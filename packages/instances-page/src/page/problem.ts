import { isObject } from './instance.js'

/** Why a server does not show the cluster: for a while, or until somebody else logs in. */
export type Problem =
  | { readonly kind: 'refused'; readonly message: string }
  | { readonly kind: 'for-now'; readonly message: string; readonly retryAfterMs: number }

const minute = 60_000

/** Problem of a viewer whose subscription ended, with this error or without any. */
export function problemOf(error: unknown): Problem {
  if (error === undefined) return { kind: 'for-now', message: 'This instance shows its cluster no longer: it is about to leave.', retryAfterMs: minute / 30 }
  const code = isObject(error) ? String(error['error']) : ''
  switch (code) {
    case '401': return { kind: 'refused', message: 'This user id and token are not known. The token may have run out: log in to the application again for a new one.' }
    case '403': return { kind: 'refused', message: 'This user may not see the instances: none of their roles has the permission view-statistics.' }
    case '404': return { kind: 'refused', message: 'This server does not publish its instances.' }
    case '429':
    case 'too-many-requests':
    case 'error-too-many-requests': return { kind: 'for-now', message: 'Too many requests came from your address.', retryAfterMs: waitOf(error) ?? minute / 4 }
    case '503': return { kind: 'for-now', message: 'MongoDB does not answer this instance, so nobody can be let in.', retryAfterMs: minute / 12 }
    default: return { kind: 'for-now', message: 'The server had a failure of its own; its log says which.', retryAfterMs: minute / 12 }
  }
}

/** The words of the error say how many seconds. */
function waitOf(error: unknown): number | undefined {
  const [, seconds] = /wait (\d+) seconds/.exec(isObject(error) ? String(error['reason']) : '') ?? []
  return seconds === undefined ? undefined : Math.min(Number(seconds) * 1000, minute)
}
