import { type Direction, type Ending, type Facts, isCutOff, recordOf, type Refusal } from './facts.js'
import type { Effect } from './happening.js'
import type { InstanceRecord } from '../registry/record.js'

/** Nothing is known yet but the id. */
export function newcomer(id: string, triedSince: number | undefined): Facts {
  return { id, triedSince, record: { state: 'unseen' }, outbound: { state: 'never' }, inbound: { state: 'never' }, lostAt: undefined, refusal: undefined, farewell: 'none' }
}

/** The record as it is now; it has moved unless it is as it was. */
export function noteRecordSeen(facts: Facts, record: InstanceRecord, now: number): Facts {
  const before = facts.record
  if (before.state === 'fresh' && before.record._updatedAt.getTime() === record._updatedAt.getTime()) return { ...facts, record: { ...before, record } }
  return { ...facts, record: { state: 'fresh', record, movedAt: now, readAt: now } }
}

/** A direction that was up has ended. */
export function ended(direction: Direction, ending: Ending): Direction {
  return direction.state === 'up' ? { state: 'down', lost: ending, ending } : direction
}

/** No direction is up any more. Both sockets closed by the peer's kernel: perhaps it crashed. The record as it is now is what a later one is compared with. */
export function noteLoss(facts: Facts, now: number, effects: Effect[]): Facts {
  if (!isCutOff(facts)) return facts
  if (!lostByKernel(facts)) return { ...facts, lostAt: now }
  effects.push({ type: 'read' })
  return { ...facts, lostAt: now, refusal: { step: 'lost', at: now } }
}

function lostByKernel({ outbound, inbound }: Facts): boolean {
  return outbound.state === 'down' && inbound.state === 'down' && outbound.lost.by === 'kernel' && inbound.lost.by === 'kernel'
}

export function noteDialFailure(facts: Facts, ending: Ending, now: number, effects: Effect[]): Facts {
  const { outbound } = facts
  const next: Facts = { ...facts, outbound: outbound.state === 'down' ? { ...outbound, ending } : { state: 'never', ending } }
  if (next.inbound.state === 'up') complain(next, effects)
  if (ending.by !== 'refused') return next
  if (next.refusal?.step !== 'lost' && next.refusal?.step !== 'read') return next
  effects.push({ type: 'read' })
  const updatedAt = next.refusal.step === 'read' ? next.refusal.updatedAt : undefined
  return { ...next, refusal: { step: 'refused', at: now, updatedAt } }
}

/** Tell a peer that reached us and that we do not reach: its address is wrong, and only the peer can correct it. */
function complain({ id, outbound }: Facts, effects: Effect[]): void {
  if (outbound.state !== 'up' && outbound.ending) effects.push({ type: 'notify', id, kind: 'unreachable', reason: outbound.ending.reason })
}

/** Notes a peer's complaint that it does not reach this instance. */
export function noteComplaint(facts: Facts, reason: string, effects: Effect[]): Facts {
  const { id, inbound } = facts
  if (inbound.state === 'up' || inbound.ending?.reason === reason) return facts
  effects.push({ type: 'tell', event: { type: 'unreachableSelf', id, record: recordOf(facts), reason } })
  return { ...facts, inbound: { ...inbound, ending: { by: 'other', reason } } }
}

/** A full read came in: the one after the loss is what the one after the refusal is compared with. */
export function noteRead(facts: Facts, startedAt: number, effects: Effect[]): Facts {
  const refusal = nextRefusal(facts, startedAt)
  if (refusal !== facts.refusal && refusal?.step === 'refused') effects.push({ type: 'read' })
  const { record } = facts
  return { ...facts, refusal, record: record.state === 'fresh' ? { ...record, readAt: Math.max(record.readAt, startedAt) } : record }
}

function nextRefusal(facts: Facts, startedAt: number): Refusal | undefined {
  const { refusal } = facts
  const updatedAt = recordOf(facts)?._updatedAt.getTime()
  if (!refusal || refusal.step === 'confirmed' || startedAt < refusal.at || updatedAt === undefined) return refusal
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
