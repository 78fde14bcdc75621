import type { ClusterEvents } from './cluster.js'

/** Events of a cluster, so that a misspelt one is refused. */
export const clusterEvents: Readonly<Record<keyof ClusterEvents, true>> = Object.freeze({
  memberJoined: true, memberSuspected: true, memberRecovered: true, memberLeft: true, memberForgotten: true,
  registryLost: true, registryRestored: true, unreachableSelf: true, expelled: true, stalled: true, gap: true,
})
