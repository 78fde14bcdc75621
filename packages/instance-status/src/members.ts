import { type Clock, Timers } from '@ddp-cluster/ddp-common/internal'
import type { MemberView } from './cluster.js'
import { recordOf } from './membership/facts.js'
import type { Effect, Happening, MembershipEvent } from './membership/happening.js'
import { emptyMembership, nextDeadline, reduceAll } from './membership/membership.js'
import type { Membership } from './membership/state.js'
import type { Verdict } from './membership/judge.js'
import type { Link } from './mesh/link.js'
import type { Notice } from './mesh/notice.js'
import type { InstanceRecord } from './registry/record.js'

/** Who does what the membership asks for. */
export interface MembersHands {
  dial(peerId: string, url: string): void
  hangUp(peerId: string): void
  notify(peerId: string, notice: Notice): void
  /** Reads every record anew. */
  read(): void
  /** Reads them anew; resolves with this one's, if it moves. */
  lookUp(id: string): Promise<InstanceRecord | undefined>
  reap(record: InstanceRecord): void
  tell(event: MembershipEvent): void
  /** Something may have changed, and all that was asked for is done. */
  changed(): void
}

/** Runs the membership: hands it what happens and the time, and has done what it answers. It decides nothing itself. */
export class Members {
  readonly #clock: Clock
  readonly #timers: Timers
  readonly #hands: MembersHands
  #membership: Membership
  /** The wall clock's lead over the monotonic one. */
  #wallLeadMs: number
  #cancelDeadline: (() => void) | undefined

  constructor(self: InstanceRecord, linkTimeoutMs: number, clock: Clock, hands: MembersHands) {
    this.#clock = clock
    this.#timers = new Timers(clock)
    this.#hands = hands
    this.#membership = emptyMembership(self, linkTimeoutMs)
    this.#wallLeadMs = clock.wallNow() - clock.now()
  }

  happened(happening: Happening): void {
    this.happenedTogether([happening])
  }

  /** Takes in one happening after the other in one step; what they ask for is done afterwards. */
  happenedTogether(happenings: readonly Happening[]): void {
    const { membership, effects } = reduceAll(this.#membership, happenings, this.#clock.now())
    this.#membership = membership
    for (const effect of effects) this.#do(effect)
    this.#scheduleDeadline()
    this.#hands.changed()
  }

  ids(): string[] {
    return [...this.#membership.members.keys()]
  }

  /** What the one of this id is taken for; undefined for one that is no member. */
  verdictOf(id: string): Verdict | undefined {
    return this.#membership.members.get(id)?.verdict
  }

  /** Everyone, in the order of their registration. */
  views(links: ReadonlyMap<string, Link>): MemberView[] {
    const views: MemberView[] = []
    for (const { facts, verdict, since } of this.#membership.members.values()) {
      if (verdict.status === 'gone') continue
      const link = links.get(facts.id)
      views.push({
        id: facts.id,
        status: verdict.status,
        reason: verdict.status === 'suspect' ? verdict.reason : verdict.status === 'alive' ? verdict.note : undefined,
        record: recordOf(facts),
        since: this.#wallTime(since),
        link: link && { currentStatus: link.status, authorized: link.connection !== undefined, lastError: link.lastError, roundTripMs: link.roundTripMs },
      })
    }
    return views.sort((a, b) => registeredAt(a) - registeredAt(b) || (a.id < b.id ? -1 : 1))
  }

  /** Those who are reached, and say that they do not reach us, and why. */
  unreachableBy(): { id: string; reason: string }[] {
    return [...this.#membership.members.values()].flatMap(({ facts: { id, outbound, inbound } }) =>
      outbound.state === 'up' && inbound.state !== 'up' && inbound.ending ? [{ id, reason: inbound.ending.reason }] : [],
    )
  }

  close(): void {
    this.#timers.clear()
  }

  #do(effect: Effect): void {
    switch (effect.type) {
      case 'dial':
        return this.#hands.dial(effect.record._id, effect.record.cluster.url)
      case 'hangUp':
        return this.#hands.hangUp(effect.id)
      case 'notify':
        return this.#hands.notify(effect.id, { kind: effect.kind, reason: effect.reason })
      case 'read':
        return this.#hands.read()
      case 'lookUp':
        void this.#lookUp(effect.id)
        return
      case 'reap':
        return this.#hands.reap(effect.record)
      case 'tell':
        return this.#hands.tell(effect.event)
    }
  }

  /** The same date for the same moment, unless the wall clock was set meanwhile. */
  #wallTime(monotonic: number): Date {
    const leadMs = this.#clock.wallNow() - this.#clock.now()
    if (Math.abs(leadMs - this.#wallLeadMs) > clockSetMs) this.#wallLeadMs = leadMs
    return new Date(monotonic + this.#wallLeadMs)
  }

  async #lookUp(id: string): Promise<void> {
    const record = await this.#hands.lookUp(id).catch(() => undefined)
    if (record) this.happened({ type: 'recordSeen', record })
  }

  #scheduleDeadline(): void {
    this.#cancelDeadline?.()
    const deadline = nextDeadline(this.#membership)
    if (deadline === undefined) return
    this.#cancelDeadline = this.#timers.deadline(Math.max(leastTickMs, deadline - this.#clock.now()), () => this.happened({ type: 'tick' }))
  }
}

/** However far in the past a deadline is, it is not looked at again at once. */
const leastTickMs = 10

/** By so much the wall clock does not drift: it was set. */
const clockSetMs = 1000

const registeredAt = ({ record }: MemberView): number => record?._createdAt.getTime() ?? Number.MAX_SAFE_INTEGER
