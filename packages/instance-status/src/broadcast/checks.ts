import { DDPError } from '@ddp-cluster/ddp-common'
import { ClusterError } from '../errors.js'

/** The longest delay that Node.js' timers keep. */
const longestTimeoutMs = 2_147_483_647

export function checkTimeout(timeoutMs: number): void {
  if (typeof timeoutMs === 'number' && timeoutMs >= 1 && timeoutMs <= longestTimeoutMs) return
  throw new ClusterError('invalid-option', `timeoutMs must be milliseconds from 1 to ${longestTimeoutMs}, not ${String(timeoutMs)}`)
}

/** A field of what a peer asks for, which may be anything. */
export function fieldOf(request: unknown, name: 'after' | 'streams'): unknown {
  return typeof request === 'object' && request !== null && Object.hasOwn(request, name) ? (request as Record<string, unknown>)[name] : undefined
}

/** The number that a subscription goes on after, if it says one. */
export function checkAfter(after: unknown): number | undefined {
  if (after === undefined) return undefined
  if (typeof after === 'number' && Number.isSafeInteger(after) && after >= 0) return after
  throw new DDPError('bad-request', 'cluster.broadcast takes { after, streams }: after is a number')
}
