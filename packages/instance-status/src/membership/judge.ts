import { type Facts, isCutOff, isLinked } from './facts.js'

/** Why an instance is gone. */
export type LeftReason =
  /** The instance said goodbye. */
  | 'closed'
  /** Its process is dead: its kernel closed both sockets, refuses new ones, and the record is not renewed. */
  | 'refused'
  /** Its record is not renewed or is deleted, and no link is up. */
  | 'expired'
  /** Another instance answers at its address. */
  | 'replaced'

export type Verdict =
  | { readonly status: 'joining' }
  /** `note`: linked, and yet something is odd: its record is missing, it shares its address with another, or it is about to leave. */
  | { readonly status: 'alive'; readonly note?: 'leaving' | 'unregistered' | 'address-conflict' }
  | { readonly status: 'suspect'; readonly reason: string }
  | { readonly status: 'gone'; readonly reason: LeftReason }

export interface Circumstances {
  readonly now: number
  readonly linkTimeoutMs: number
  /** While MongoDB does not answer, nobody leaves but by goodbye. */
  readonly registryReachable: boolean
  /** Monotonic: MongoDB came back a short while before, and that a record is not there says nothing yet. */
  readonly heldUntil: number
  /** Whether an instance that registered later advertises the same address, and whether it is proven to have taken this one's place. */
  readonly successor: 'none' | 'present' | 'proven'
}

/** Verdict of the two witnesses, record and link. Each `if` is a row of the table in ARCHITECTURE.md. */
export function judge(facts: Facts, circumstances: Circumstances): Verdict {
  const { now, linkTimeoutMs, registryReachable, successor } = circumstances
  if (facts.farewell === 'goodbye') return { status: 'gone', reason: 'closed' }

  const vouched = facts.record.state === 'fresh' || facts.record.state === 'unseen'
  if (isLinked(facts)) {
    if (facts.farewell === 'leaving') return { status: 'alive', note: 'leaving' }
    if (!vouched && registryReachable) return { status: 'alive', note: 'unregistered' }
    return successor === 'none' ? { status: 'alive' } : { status: 'alive', note: 'address-conflict' }
  }

  if (registryReachable && isCutOff(facts)) {
    if (!vouched && now >= doubtEndsAt(facts, circumstances)) return { status: 'gone', reason: facts.refusal ? 'refused' : 'expired' }
    if (facts.record.state === 'unseen') return { status: 'gone', reason: 'expired' }
    if (successor === 'proven') return { status: 'gone', reason: 'replaced' }
    if (facts.refusal?.step === 'confirmed') return { status: 'gone', reason: 'refused' }
  }

  const neverLinked = facts.outbound.state === 'never' || facts.inbound.state === 'never'
  if (neverLinked && (facts.triedSince === undefined || now - facts.triedSince < linkTimeoutMs)) return { status: 'joining' }
  return { status: 'suspect', reason: whyNotLinked(facts) }
}

/**
 * Earliest time at which a peer with neither record nor link counts as gone. A link that was just lost may come back: that MongoDB is slow
 * for all must not make a moment's interruption a departure. Only who deletes the record after the loss has concluded already.
 */
export function doubtEndsAt({ record, lostAt }: Facts, { heldUntil, linkTimeoutMs }: Pick<Circumstances, 'heldUntil' | 'linkTimeoutMs'>): number {
  if (lostAt === undefined || (record.state === 'deleted' && record.at >= lostAt)) return heldUntil
  return Math.max(heldUntil, lostAt + linkTimeoutMs)
}

/** The reason for people: what is wrong with our own dialling first, as that is what can be looked into here. */
export function whyNotLinked({ outbound, inbound }: Facts): string {
  if (outbound.state === 'up') {
    const reason = inbound.state === 'up' ? undefined : inbound.ending?.reason
    return reason === undefined ? 'not-dialled-back' : `not-dialled-back: ${reason}`
  }
  return outbound.ending?.reason ?? 'not dialled yet'
}
