import type { InstanceRecord } from '../registry/record.js'
import type { Facts } from './facts.js'
import type { Circumstances } from './judge.js'
import type { Member } from './state.js'

/** The instance that registered last at an address. */
export interface Occupant {
  readonly record: InstanceRecord
  readonly reached: boolean
  /** Whether the occupant is this instance itself. */
  readonly isSelf: boolean
}

/** For every address that these advertise the instance that registered last, and whether it was reached there. */
export function newestByUrl(self: InstanceRecord, members: readonly Member[]): Map<string, Occupant> {
  // Advertising an address does not prove that this instance is reached there.
  const newest = new Map([[self.cluster.url, { record: self, reached: false, isSelf: true }]])
  for (const { facts } of members) {
    if (facts.record.state !== 'fresh') continue
    const { record } = facts.record
    const other = newest.get(record.cluster.url)
    if (!other || other.record._createdAt < record._createdAt) newest.set(record.cluster.url, { record, reached: facts.outbound.state === 'up', isSelf: false })
  }
  return newest
}

/** A living instance renews its record in a third of its expiry at the latest: who has not for so much of it has fallen silent. */
const silentShare = 0.4

/**
 * Only who fell silent before the other registered can have been replaced by it: two that both heartbeat share an address by mistake.
 * Who was never linked, or is lost in one direction, may be on another host where the address means something else: that takes longer to tell.
 * Our own address is the exception: this instance answered its own dial there, as after a crash and a restart. Should a peer of another host
 * have that address too, it is back with its next heartbeat.
 */
export function successorOf(facts: Facts, newest: ReadonlyMap<string, Occupant>): Circumstances['successor'] {
  if (facts.record.state !== 'fresh') return 'none'
  const { record, movedAt, readAt } = facts.record
  const occupant = newest.get(record.cluster.url)
  if (!occupant || occupant.record._id === record._id || occupant.record._createdAt <= record._createdAt) return 'none'
  const answered = facts.outbound.state !== 'up' && facts.outbound.ending?.answeredBy === occupant.record._id
  const reached = occupant.reached || answered
  const lost = facts.outbound.state === 'down' && facts.inbound.state === 'down'
  const silent = lost || (occupant.isSelf && answered) || readAt - movedAt >= record.cluster.expireAfterMs * silentShare
  return reached && silent && record._updatedAt < occupant.record._createdAt ? 'proven' : 'present'
}
