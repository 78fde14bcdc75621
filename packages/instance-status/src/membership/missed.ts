import type { Ending } from './facts.js'
import type { Happening } from './happening.js'
import type { Membership } from './state.js'

/** The links as the sockets have them now: ids of peers, for each direction that is up. */
export interface LinksNow {
  readonly outbound: ReadonlySet<string>
  readonly inbound: ReadonlySet<string>
}

const corrected: Ending = { by: 'other', reason: 'no longer up when the links were checked' }

/**
 * Happenings that bring the membership in line with the sockets. None while every happening arrives; a lost one would otherwise
 * leave a healthy member suspect, or a dead link up, for as long as both instances live.
 */
export function missedHappenings({ members }: Membership, { outbound, inbound }: LinksNow): readonly Happening[] {
  const missed: Happening[] = []
  for (const [id, { facts }] of members) {
    if ((facts.outbound.state === 'up') !== outbound.has(id)) missed.push(outbound.has(id) ? { type: 'outboundUp', id } : { type: 'outboundDown', id, ending: corrected })
    if ((facts.inbound.state === 'up') !== inbound.has(id)) missed.push(inbound.has(id) ? { type: 'inboundUp', id } : { type: 'inboundDown', id, ending: corrected })
  }
  for (const id of inbound) if (!members.has(id)) missed.push({ type: 'inboundUp', id })
  return missed
}
