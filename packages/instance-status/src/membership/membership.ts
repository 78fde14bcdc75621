import type { InstanceRecord } from '../registry/record.js'
import { Draft } from './draft.js'
import { type Facts, isCutOff, recordOf } from './facts.js'
import type { Effect, Happening, MembershipEvent } from './happening.js'
import { doubtEndsAt, judge, type Verdict } from './judge.js'
import { ended, newcomer, noteComplaint, noteDialFailure, noteLoss, noteRead, noteRecordSeen } from './notes.js'
import { type Member, type Membership, urlOf } from './state.js'
import { newestByUrl, successorOf } from './succession.js'

export interface Step {
  readonly membership: Membership
  readonly effects: readonly Effect[]
}

export function emptyMembership(self: InstanceRecord, linkTimeoutMs: number): Membership {
  return { members: new Map(), departed: new Map(), registryReachable: true, heldUntil: Number.NEGATIVE_INFINITY, linkTimeoutMs, self }
}

/** The rules of membership: what happened, and when (monotonic milliseconds), to the next state and what is to be done about it. */
export function reduce(membership: Membership, happening: Happening, now: number): Step {
  return reduceAll(membership, [happening], now)
}

/** Reduces one happening after the other, at the cost of one copy of the members. */
export function reduceAll(membership: Membership, happenings: readonly Happening[], now: number): Step {
  const effects: Effect[] = []
  const draft = new Draft(membership)
  for (const happening of happenings) {
    const id = 'id' in happening ? happening.id : 'record' in happening ? happening.record._id : undefined
    const before = id === undefined ? undefined : draft.members.get(id)
    note(draft, happening, now, effects)
    conclude(draft, id === undefined ? [...draft.members.values()] : concerned(draft, id, before), now, effects)
  }
  return { membership: draft.finish(), effects }
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
function note(draft: Draft, happening: Happening, now: number, effects: Effect[]): void {
  switch (happening.type) {
    case 'recordSeen':
      return noteRecord(draft, happening.record, now, effects)
    case 'recordStale':
    case 'recordDeleted': {
      const state = happening.type === 'recordStale' ? 'stale' : 'deleted'
      if (state === 'stale' && !draft.members.has(happening.record._id)) effects.push({ type: 'reap', record: happening.record })
      return draft.changeFacts(happening.record._id, (facts) => ({ ...facts, record: { state, record: happening.record, at: now } }))
    }
    case 'registryRead':
      return draft.changeAllFacts((facts) => noteRead(facts, happening.startedAt, effects))
    case 'registryLost':
      draft.registryReachable = false
      return
    case 'registryRestored':
      draft.registryReachable = true
      draft.heldUntil = now + draft.self.cluster.expireAfterMs
      return
    case 'outboundUp':
      return draft.changeFacts(happening.id, (facts) => ({ ...facts, outbound: { state: 'up' }, refusal: undefined }))
    case 'inboundUp':
      noteUnknown(draft, happening.id, now, effects)
      return draft.changeFacts(happening.id, (facts) => ({ ...facts, inbound: { state: 'up' }, refusal: undefined }))
    case 'outboundDown':
      return draft.changeFacts(happening.id, (facts) => noteLoss({ ...facts, outbound: ended(facts.outbound, happening.ending) }, now, effects))
    case 'inboundDown':
      return draft.changeFacts(happening.id, (facts) => noteLoss({ ...facts, inbound: ended(facts.inbound, happening.ending) }, now, effects))
    case 'dialFailed':
      return draft.changeFacts(happening.id, (facts) => noteDialFailure(facts, happening.ending, now, effects))
    case 'leaving':
    case 'goodbye':
      return draft.changeFacts(happening.id, (facts) => ({ ...facts, farewell: happening.type }))
    case 'notDialledBack':
      return draft.changeFacts(happening.id, (facts) => noteComplaint(facts, happening.reason, effects))
    case 'stalled':
      return draft.changeAllFacts((facts) => ({ ...facts, triedSince: later(facts.triedSince, happening.delayMs), lostAt: later(facts.lostAt, happening.delayMs) }))
    case 'dialBegun':
      return draft.changeFacts(happening.id, (facts) => ({ ...facts, triedSince: facts.triedSince ?? now }))
    case 'tick':
      return
  }
}

function noteRecord(draft: Draft, record: InstanceRecord, now: number, effects: Effect[]): void {
  const departure = draft.departed.get(record._id)
  const member = draft.members.get(record._id)
  if (!member && departure?.updatedAt === record._updatedAt.getTime()) return
  // An instance that said goodbye and could not delete its record comes back only by proving that it lives.
  if (!member && departure?.reason === 'closed') {
    effects.push({ type: 'reap', record })
    return
  }
  const before = member && recordOf(member.facts)
  if (before?.cluster.url !== record.cluster.url) effects.push({ type: 'dial', record })
  const facts = noteRecordSeen(member?.facts ?? newcomer(record._id, undefined), record, now)
  draft.setMember(member ? { ...member, facts } : newMember(facts, now))
}

/** A peer that proved itself before its record was seen: the record tells where to dial it. */
function noteUnknown(draft: Draft, id: string, now: number, effects: Effect[]): void {
  if (draft.members.has(id)) return
  effects.push({ type: 'lookUp', id })
  draft.setMember(newMember(newcomer(id, now), now))
}

const newMember = (facts: Facts, now: number): Member => ({ facts, verdict: { status: 'joining' }, since: now, joined: false })

/** Members to judge anew: the one that something happened to, and those that share the address that it had or has. */
function concerned(draft: Draft, id: string, before: Member | undefined): readonly Member[] {
  const member = draft.members.get(id)
  const urls = new Set([before, member].flatMap((one) => (one && urlOf(one)) ?? []))
  if (urls.size === 0) return member ? [member] : []
  return draft.at([...urls])
}

/** Judges those who are concerned by the facts, and says what changed. */
function conclude(draft: Draft, members: readonly Member[], now: number, effects: Effect[]): void {
  const { linkTimeoutMs, registryReachable, heldUntil } = draft
  const newest = newestByUrl(draft.self, members)
  for (const member of members) {
    const { id } = member.facts
    const verdict = judge(member.facts, { now, linkTimeoutMs, registryReachable, heldUntil, successor: successorOf(member.facts, newest) })
    const record = recordOf(member.facts)
    if (verdict.status === 'gone') {
      const end = endOf(member)
      if (end) effects.push({ type: 'tell', event: { type: end, id, record, reason: verdict.reason } })
      effects.push({ type: 'hangUp', id })
      if (record && verdict.reason !== 'closed') effects.push({ type: 'reap', record })
      draft.depart(member, { reason: verdict.reason, updatedAt: record?._updatedAt.getTime() })
      continue
    }
    const event = eventFor(member, verdict, record)
    if (event) effects.push({ type: 'tell', event })
    const changed = member.verdict.status !== verdict.status
    draft.setMember({ facts: member.facts, verdict, since: changed ? now : member.since, joined: member.joined || verdict.status === 'alive' })
    const departure = draft.departed.get(id)
    if (departure && verdict.status === 'alive') {
      draft.forgetDeparture(id)
      if (departure.reason !== 'closed') effects.push({ type: 'notify', id, kind: 'expelled', reason: departure.reason })
    }
  }
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
