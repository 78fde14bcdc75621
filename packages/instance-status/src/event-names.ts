import { unknownName } from '@ddp-cluster/ddp-common/internal'
import type { ClusterEvents } from './cluster.js'
import { ClusterError } from './errors.js'

const names = Object.keys({
  memberJoined: 0, memberSuspected: 0, memberRecovered: 0, memberLeft: 0, memberForgotten: 0, registryLost: 0, registryRestored: 0, unreachableSelf: 0, expelled: 0, stalled: 0, gap: 0,
} satisfies Record<keyof ClusterEvents, unknown>)

/** @throws ClusterError `invalid-option` — there is no such event, and its listener would never be called */
export function requireEventName(event: string): void {
  const unknown = unknownName('event of a cluster', event, names)
  if (unknown !== undefined) throw new ClusterError('invalid-option', unknown)
}
