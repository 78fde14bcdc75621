import type { InstanceRecord } from '../registry/record.js'
import { type Direction, type Ending, type Facts, isCutOff, recordOf, type Refusal } from './facts.js'
import { type Circumstances, judge, type LeftReason, type Verdict } from './judge.js'

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
  /** Of those who left, how far their records had come: what is no newer does not bring them back. */
  readonly departed: ReadonlyMap<string, number>
  readonly registryReachable: boolean
  readonly linkTimeoutMs: number
  /** The own record: another one with the same address is either our predecessor's or a mistake. */
  readonly self: InstanceRecord
}

export type Happening =
  | { readonly type: 'recordSeen'; readonly record: InstanceRecord }
  | { readonly type: 'recordStale' | 'recordDeleted'; readonly record: InstanceRecord }
  /** A full read that was sent at `startedAt` is all told. */
  | { readonly type: 'registryRead'; readonly startedAt: number }
  | { readonly type: 'registryLost' | 'registryRestored' }
  | { readonly type: 'outboundUp' | 'inboundUp'; readonly id: string }
  | { readonly type: 'outboundDown' | 'inboundDown'; readonly id: string; readonly ending: Ending }
  /** A dial failed that had not been up. */
  | { readonly type: 'dialFailed'; readonly id: string; readonly ending: Ending }
  | { readonly type: 'goodbye'; readonly id: string }
  /** Time passed. */
  | { readonly type: 'tick' }

export type MembershipEvent =
  | { readonly type: 'memberJoined' | 'memberRecovered'; readonly id: string; readonly record: InstanceRecord | undefined }
  | { readonly type: 'memberSuspected'; readonly id: string; readonly record: InstanceRecord | undefined; readonly reason: string }
  | { readonly type: 'memberLeft'; readonly id: string; readonly record: InstanceRecord | undefined; readonly reason: LeftReason }

export type Effect =
  | { readonly type: 'tell'; readonly event: MembershipEvent }
  /** See that there is a link to the address that this record advertises now. */
  | { readonly type: 'dial'; readonly record: InstanceRecord }
  | { readonly type: 'hangUp'; readonly id: string }
  /** Read every record anew. */
  | { readonly type: 'read' }
  /** Read them anew, and tell of this one's record also when it is as it was. */
  | { readonly type: 'lookUp'; readonly id: string }
  /** The instance is gone; its record may go, unless it was renewed since. */
  | { readonly type: 'reap'; readonly record: InstanceRecord }

export interface Step {
  readonly membership: Membership
  readonly effects: readonly Effect[]
}

/** More departures than this are forgotten, oldest first; a record that nobody deleted may then be looked at once more. */
const departedKept = 1000

export function emptyMembership(self: InstanceRecord, linkTimeoutMs: number): Membership {
  return { members: new Map(), departed: new Map(), registryReachable: true, linkTimeoutMs, self }
}

/** The rules of membership: what happened, and when (monotonic milliseconds), to the next state and what is to be done about it. */
export function reduce(membership: Membership, happening: Happening, now: number): Step {
  const effects: Effect[] = []
  const noted = note(membership, happening, now, effects)
  return conclude(noted, now, effects)
}

/** The monotonic time at which a `tick` could change something, or undefined. */
export function nextDeadline({ members, linkTimeoutMs }: Membership): number | undefined {
  let next: number | undefined
  for (const { facts, verdict } of members.values()) {
    const deadline = facts.knownSince + linkTimeoutMs
    if (verdict.status === 'joining' && (next === undefined || deadline < next)) next = deadline
  }
  return next
}

/** Takes the happening into the facts; concludes nothing. */
function note(membership: Membership, happening: Happening, now: number, effects: Effect[]): Membership {
  switch (happening.type) {
    case 'recordSeen':
      return noteRecord(membership, happening.record, now, effects)
    case 'recordStale':
    case 'recordDeleted': {
      const state = happening.type === 'recordStale' ? 'stale' : 'deleted'
      return change(membership, happening.record._id, (facts) => ({ ...facts, record: { state, record: happening.record } }))
    }
    case 'registryRead':
      return changeAll(membership, (facts) => noteRead(facts, happening.startedAt, effects))
    case 'registryLost':
      return { ...membership, registryReachable: false }
    case 'registryRestored':
      return { ...membership, registryReachable: true }
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
    case 'goodbye':
      return change(membership, happening.id, (facts) => ({ ...facts, goodbye: true }))
    case 'tick':
      return membership
  }
}

function noteRecord(membership: Membership, record: InstanceRecord, now: number, effects: Effect[]): Membership {
  const seenBefore = membership.departed.get(record._id)
  const member = membership.members.get(record._id)
  if (!member && seenBefore !== undefined && record._updatedAt.getTime() <= seenBefore) return membership
  const before = member && recordOf(member.facts)
  if (before?.cluster.url !== record.cluster.url) effects.push({ type: 'dial', record })
  const facts = member?.facts ?? newcomer(record._id, now)
  return withFacts(membership, { ...facts, record: { state: 'fresh', record } }, now)
}

/** A peer that proved itself before its record was seen: the record tells where to dial it. */
function known(membership: Membership, id: string, now: number, effects: Effect[]): Membership {
  if (membership.members.has(id)) return membership
  effects.push({ type: 'lookUp', id })
  return withFacts(membership, newcomer(id, now), now)
}

function newcomer(id: string, now: number): Facts {
  return { id, knownSince: now, record: { state: 'unseen' }, outbound: { state: 'never' }, inbound: { state: 'never' }, refusal: undefined, goodbye: false }
}

function ended(direction: Direction, ending: Ending): Direction {
  return direction.state === 'up' ? { state: 'down', lost: ending, ending } : direction
}

/** Both sockets closed by the peer's kernel: perhaps it crashed. The record as it is now is what a later one is compared with. */
function noteLoss(facts: Facts, now: number, effects: Effect[]): Facts {
  if (!isCutOff(facts) || !lostByKernel(facts)) return facts
  effects.push({ type: 'read' })
  return { ...facts, refusal: { step: 'lost', at: now } }
}

function lostByKernel({ outbound, inbound }: Facts): boolean {
  return outbound.state === 'down' && inbound.state === 'down' && outbound.lost.by === 'kernel' && inbound.lost.by === 'kernel'
}

function noteDialFailure(facts: Facts, ending: Ending, now: number, effects: Effect[]): Facts {
  const { outbound } = facts
  const next: Facts = { ...facts, outbound: outbound.state === 'down' ? { ...outbound, ending } : { state: 'never', ending } }
  if (ending.by !== 'refused') return next
  if (next.refusal?.step !== 'lost' && next.refusal?.step !== 'read') return next
  effects.push({ type: 'read' })
  const updatedAt = next.refusal.step === 'read' ? next.refusal.updatedAt : undefined
  return { ...next, refusal: { step: 'refused', at: now, updatedAt } }
}

/** A full read came in: the one after the loss is what the one after the refusal is compared with. */
function noteRead(facts: Facts, startedAt: number, effects: Effect[]): Facts {
  const refusal = nextRefusal(facts, startedAt)
  if (refusal === facts.refusal) return facts
  if (refusal?.step === 'refused') effects.push({ type: 'read' })
  return { ...facts, refusal }
}

function nextRefusal({ refusal, record }: Facts, startedAt: number): Refusal | undefined {
  if (!refusal || refusal.step === 'confirmed' || startedAt < refusal.at || record.state !== 'fresh') return refusal
  const updatedAt = record.record._updatedAt.getTime()
  switch (refusal.step) {
    case 'lost':
      return { step: 'read', at: refusal.at, updatedAt }
    case 'read':
      return refusal
    case 'refused':
      if (refusal.updatedAt === undefined) return { ...refusal, updatedAt }
      // Renewed: somebody lives there and cannot be reached, which is another matter.
      return refusal.updatedAt === updatedAt ? { step: 'confirmed' } : undefined
  }
}

/** Judges everyone by the facts, and says what changed. */
function conclude(membership: Membership, now: number, effects: Effect[]): Step {
  const members = new Map<string, Member>()
  const departed = new Map(membership.departed)
  const newest = newestByUrl(membership)
  for (const [id, member] of membership.members) {
    const successor = successorOf(member.facts, newest)
    const verdict = judge(member.facts, { now, linkTimeoutMs: membership.linkTimeoutMs, registryReachable: membership.registryReachable, successor })
    const record = recordOf(member.facts)
    if (verdict.status === 'gone') {
      if (member.joined) effects.push({ type: 'tell', event: { type: 'memberLeft', id, record, reason: verdict.reason } })
      effects.push({ type: 'hangUp', id })
      if (record && verdict.reason !== 'closed') effects.push({ type: 'reap', record })
      departed.delete(id)
      departed.set(id, record?._updatedAt.getTime() ?? Number.NEGATIVE_INFINITY)
      continue
    }
    const event = eventFor(member, verdict, record)
    if (event) effects.push({ type: 'tell', event })
    const changed = member.verdict.status !== verdict.status
    members.set(id, { facts: member.facts, verdict, since: changed ? now : member.since, joined: member.joined || verdict.status === 'alive' })
    departed.delete(id)
  }
  for (const id of departed.keys()) {
    if (departed.size <= departedKept) break
    departed.delete(id)
  }
  return { membership: { ...membership, members, departed }, effects }
}

function eventFor(member: Member, verdict: Verdict, record: InstanceRecord | undefined): MembershipEvent | undefined {
  if (verdict.status === member.verdict.status) return undefined
  const { id } = member.facts
  if (verdict.status === 'alive') return { type: member.joined ? 'memberRecovered' : 'memberJoined', id, record }
  if (verdict.status === 'suspect') return { type: 'memberSuspected', id, record, reason: verdict.reason }
  return undefined
}

/** For every advertised address the instance that registered last, and whether it was reached there. */
function newestByUrl({ members, self }: Membership): Map<string, Occupant> {
  // That we advertise an address does not prove that we are reached there.
  const newest = new Map([[self.cluster.url, { record: self, reached: false }]])
  for (const { facts } of members.values()) {
    if (facts.record.state !== 'fresh') continue
    const { record } = facts.record
    const other = newest.get(record.cluster.url)
    if (!other || other.record._createdAt < record._createdAt) newest.set(record.cluster.url, { record, reached: facts.outbound.state === 'up' })
  }
  return newest
}

interface Occupant {
  readonly record: InstanceRecord
  readonly reached: boolean
}

/** Only who fell silent before the other registered can have been replaced by it: two that both heartbeat share an address by mistake. */
function successorOf(facts: Facts, newest: ReadonlyMap<string, Occupant>): Circumstances['successor'] {
  const record = recordOf(facts)
  const occupant = record && newest.get(record.cluster.url)
  if (!occupant || occupant.record._id === record._id || occupant.record._createdAt <= record._createdAt) return 'none'
  const reached = occupant.reached || (facts.outbound.state !== 'up' && facts.outbound.ending?.answeredBy === occupant.record._id)
  return reached && record._updatedAt < occupant.record._createdAt ? 'proven' : 'present'
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
