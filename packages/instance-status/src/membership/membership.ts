import type { InstanceRecord } from '../registry/record.js'
import { type Facts, isCutOff, recordOf } from './facts.js'
import type { Effect, Happening, MembershipEvent } from './happening.js'
import { type Circumstances, doubtEndsAt, judge, type LeftReason, type Verdict } from './judge.js'
import { ended, newcomer, noteComplaint, noteDialFailure, noteLoss, noteRead, noteRecordSeen } from './notes.js'

/** One peer: what is known of it, what that means, and since when. */
export interface Member {
  readonly facts: Facts
  readonly verdict: Verdict
  /** Monotonic time of the last change of status. */
  readonly since: number
  /** `memberJoined` was told, and `memberLeft` not since. */
  readonly joined: boolean
}

/** Everyone that this instance knows of. A value: `reduce` returns the next one. */
export interface Membership {
  readonly members: ReadonlyMap<string, Member>
  /** Those who left, and have not come back. */
  readonly departed: ReadonlyMap<string, Departure>
  readonly registryReachable: boolean
  /** Monotonic: after an outage nobody has expired before this time, as everyone has to heartbeat first. */
  readonly heldUntil: number
  readonly linkTimeoutMs: number
  /** The own record: another one with the same address is either our predecessor's or a mistake. */
  readonly self: InstanceRecord
}

export interface Departure {
  readonly reason: LeftReason
  /** What `_updatedAt` its record had, in milliseconds: a record that has not moved since does not bring it back. */
  readonly updatedAt: number | undefined
}

export interface Step {
  readonly membership: Membership
  readonly effects: readonly Effect[]
}

/** More departures than this are forgotten, oldest first; a record that nobody deleted may then be looked at once more. */
const departedKept = 1000

export function emptyMembership(self: InstanceRecord, linkTimeoutMs: number): Membership {
  return { members: new Map(), departed: new Map(), registryReachable: true, heldUntil: Number.NEGATIVE_INFINITY, linkTimeoutMs, self }
}

/** The rules of membership: what happened, and when (monotonic milliseconds), to the next state and what is to be done about it. */
export function reduce(membership: Membership, happening: Happening, now: number): Step {
  const effects: Effect[] = []
  const noted = note(membership, happening, now, effects)
  return conclude(noted, concerned(membership, noted, happening), now, effects)
}

/** The monotonic time at which a `tick` could change something, or undefined. */
export function nextDeadline(membership: Membership): number | undefined {
  let next = Number.POSITIVE_INFINITY
  for (const { facts, verdict } of membership.members.values()) {
    const joining = verdict.status === 'joining' ? later(facts.triedSince, membership.linkTimeoutMs) : undefined
    next = Math.min(next, joining ?? next, doubtDeadline(facts, membership) ?? next)
  }
  return next === Number.POSITIVE_INFINITY ? undefined : next
}

const later = (time: number | undefined, byMs: number): number | undefined => (time === undefined ? undefined : time + byMs)

/** Its record does not vouch for it, and no link does: that ends, but not while MongoDB does not answer. */
function doubtDeadline(facts: Facts, membership: Membership): number | undefined {
  const doubtful = (facts.record.state === 'stale' || facts.record.state === 'deleted') && isCutOff(facts)
  return doubtful && membership.registryReachable ? doubtEndsAt(facts, membership) : undefined
}

/** Takes the happening into the facts; concludes nothing. */
function note(membership: Membership, happening: Happening, now: number, effects: Effect[]): Membership {
  switch (happening.type) {
    case 'recordSeen':
      return noteRecord(membership, happening.record, now, effects)
    case 'recordStale':
    case 'recordDeleted': {
      const state = happening.type === 'recordStale' ? 'stale' : 'deleted'
      if (state === 'stale' && !membership.members.has(happening.record._id)) effects.push({ type: 'reap', record: happening.record })
      return change(membership, happening.record._id, (facts) => ({ ...facts, record: { state, record: happening.record, at: now } }))
    }
    case 'registryRead':
      return changeAll(membership, (facts) => noteRead(facts, happening.startedAt, effects))
    case 'registryLost':
      return { ...membership, registryReachable: false }
    case 'registryRestored':
      return { ...membership, registryReachable: true, heldUntil: now + membership.self.cluster.expireAfterMs }
    case 'outboundUp':
      return change(membership, happening.id, (facts) => ({ ...facts, outbound: { state: 'up' }, refusal: undefined }))
    case 'inboundUp':
      return change(known(membership, happening.id, now, effects), happening.id, (facts) => ({ ...facts, inbound: { state: 'up' }, refusal: undefined }))
    case 'outboundDown':
      return change(membership, happening.id, (facts) => noteLoss({ ...facts, outbound: ended(facts.outbound, happening.ending) }, now, effects))
    case 'inboundDown':
      return change(membership, happening.id, (facts) => noteLoss({ ...facts, inbound: ended(facts.inbound, happening.ending) }, now, effects))
    case 'dialFailed':
      return change(membership, happening.id, (facts) => noteDialFailure(facts, happening.ending, now, effects))
    case 'leaving':
    case 'goodbye':
      return change(membership, happening.id, (facts) => ({ ...facts, farewell: happening.type }))
    case 'notDialledBack':
      return change(membership, happening.id, (facts) => noteComplaint(facts, happening.reason, effects))
    case 'stalled':
      return changeAll(membership, (facts) => ({ ...facts, triedSince: later(facts.triedSince, happening.delayMs), lostAt: later(facts.lostAt, happening.delayMs) }))
    case 'dialBegun':
      return change(membership, happening.id, (facts) => ({ ...facts, triedSince: facts.triedSince ?? now }))
    case 'tick':
      return membership
  }
}

function noteRecord(membership: Membership, record: InstanceRecord, now: number, effects: Effect[]): Membership {
  const departure = membership.departed.get(record._id)
  const member = membership.members.get(record._id)
  if (!member && departure?.updatedAt === record._updatedAt.getTime()) return membership
  // Who said goodbye could not delete its record: it comes back only by proving that it lives.
  if (!member && departure?.reason === 'closed') {
    effects.push({ type: 'reap', record })
    return membership
  }
  const before = member && recordOf(member.facts)
  if (before?.cluster.url !== record.cluster.url) effects.push({ type: 'dial', record })
  const facts = member?.facts ?? newcomer(record._id, undefined)
  return withFacts(membership, noteRecordSeen(facts, record, now), now)
}

/** A peer that proved itself before its record was seen: the record tells where to dial it. */
function known(membership: Membership, id: string, now: number, effects: Effect[]): Membership {
  if (membership.members.has(id)) return membership
  effects.push({ type: 'lookUp', id })
  return withFacts(membership, newcomer(id, now), now)
}

/** Whose verdict may be another now: the one that something happened to and those who share an address with it, or everyone. */
function concerned(before: Membership, { members }: Membership, happening: Happening): readonly Member[] {
  const id = 'id' in happening ? happening.id : 'record' in happening ? happening.record._id : undefined
  if (id === undefined) return [...members.values()]
  const urls = [before.members.get(id), members.get(id)].map((member) => member && urlOf(member))
  return [...members.values()].filter((member) => member.facts.id === id || urls.includes(urlOf(member)))
}

const urlOf = ({ facts }: Member): string | undefined => recordOf(facts)?.cluster.url

/** Judges those who are concerned by the facts, and says what changed. */
function conclude(membership: Membership, concerned: readonly Member[], now: number, effects: Effect[]): Step {
  const { linkTimeoutMs, registryReachable, heldUntil } = membership
  const members = new Map(membership.members)
  let { departed } = membership
  const newest = newestByUrl(membership.self, concerned)
  for (const member of concerned) {
    const { id } = member.facts
    const verdict = judge(member.facts, { now, linkTimeoutMs, registryReachable, heldUntil, successor: successorOf(member.facts, newest) })
    const record = recordOf(member.facts)
    if (verdict.status === 'gone') {
      const end = endOf(member)
      if (end) effects.push({ type: 'tell', event: { type: end, id, record, reason: verdict.reason } })
      effects.push({ type: 'hangUp', id })
      if (record && verdict.reason !== 'closed') effects.push({ type: 'reap', record })
      members.delete(id)
      departed = withDeparture(departed, id, { reason: verdict.reason, updatedAt: record?._updatedAt.getTime() })
      continue
    }
    const event = eventFor(member, verdict, record)
    if (event) effects.push({ type: 'tell', event })
    const changed = member.verdict.status !== verdict.status
    members.set(id, { facts: member.facts, verdict, since: changed ? now : member.since, joined: member.joined || verdict.status === 'alive' })
    const departure = departed.get(id)
    if (departure && verdict.status === 'alive') {
      departed = withoutDeparture(departed, id)
      if (departure.reason !== 'closed') effects.push({ type: 'notify', id, kind: 'expelled', reason: departure.reason })
    }
  }
  return { membership: { ...membership, members, departed }, effects }
}

function withDeparture(departed: Membership['departed'], id: string, departure: Departure): Membership['departed'] {
  const next = withoutDeparture(departed, id).set(id, departure)
  for (const oldest of next.keys()) {
    if (next.size <= departedKept) break
    next.delete(oldest)
  }
  return next
}

function withoutDeparture(departed: Membership['departed'], id: string): Map<string, Departure> {
  const next = new Map(departed)
  next.delete(id)
  return next
}

/** The event that ends what was told of a member; undefined when nothing was. */
function endOf({ joined, verdict }: Member): 'memberLeft' | 'memberForgotten' | undefined {
  if (joined) return 'memberLeft'
  return verdict.status === 'suspect' ? 'memberForgotten' : undefined
}

function eventFor(member: Member, verdict: Verdict, record: InstanceRecord | undefined): MembershipEvent | undefined {
  if (verdict.status === member.verdict.status) return undefined
  const { id } = member.facts
  if (verdict.status === 'alive') return { type: member.joined ? 'memberRecovered' : 'memberJoined', id, record }
  if (verdict.status === 'suspect') return { type: 'memberSuspected', id, record, reason: verdict.reason }
  return undefined
}

/** For every address that these advertise the instance that registered last, and whether it was reached there. */
function newestByUrl(self: InstanceRecord, members: readonly Member[]): Map<string, Occupant> {
  // That we advertise an address does not prove that we are reached there.
  const newest = new Map([[self.cluster.url, { record: self, reached: false, isSelf: true }]])
  for (const { facts } of members) {
    if (facts.record.state !== 'fresh') continue
    const { record } = facts.record
    const other = newest.get(record.cluster.url)
    if (!other || other.record._createdAt < record._createdAt) newest.set(record.cluster.url, { record, reached: facts.outbound.state === 'up', isSelf: false })
  }
  return newest
}

interface Occupant {
  readonly record: InstanceRecord
  readonly reached: boolean
  /** This instance itself. */
  readonly isSelf: boolean
}

/** A living instance renews its record in a third of its expiry at the latest: who has not for so much of it has fallen silent. */
const silentShare = 0.4

/**
 * Only who fell silent before the other registered can have been replaced by it: two that both heartbeat share an address by mistake.
 * Who was never linked, or is lost in one direction, may be on another host where the address means something else: that takes longer to tell.
 * Our own address is the exception: this instance answered its own dial there, as after a crash and a restart. Should a peer of another host
 * have that address too, it is back with its next heartbeat.
 */
function successorOf(facts: Facts, newest: ReadonlyMap<string, Occupant>): Circumstances['successor'] {
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

function change(membership: Membership, id: string, update: (facts: Facts) => Facts): Membership {
  const member = membership.members.get(id)
  return member ? withMember(membership, { ...member, facts: update(member.facts) }) : membership
}

function changeAll(membership: Membership, update: (facts: Facts) => Facts): Membership {
  const members = new Map([...membership.members].map(([id, member]) => [id, { ...member, facts: update(member.facts) }]))
  return { ...membership, members }
}

function withFacts(membership: Membership, facts: Facts, now: number): Membership {
  const member = membership.members.get(facts.id)
  return withMember(membership, member ? { ...member, facts } : { facts, verdict: { status: 'joining' }, since: now, joined: false })
}

function withMember(membership: Membership, member: Member): Membership {
  return { ...membership, members: new Map(membership.members).set(member.facts.id, member) }
}
