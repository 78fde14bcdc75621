import { type Clock, Timers } from '@ddp-cluster/ddp-common/internal'
import type { MemberView } from './cluster.js'
import { recordOf } from './membership/facts.js'
import type { Effect, Happening, MembershipEvent } from './membership/happening.js'
import { emptyMembership, nextDeadline, reduceAll } from './membership/membership.js'
import type { Membership } from './membership/state.js'
import type { Verdict } from './membership/judge.js'
import { type LinksNow, missedHappenings } from './membership/missed.js'
import type { Link } from './mesh/link.js'
import type { Notice } from './mesh/notice.js'
import type { InstanceRecord } from './registry/record.js'

/** Executor of the membership's effects. */
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
  /** The directions of links that are up at this moment. */
  linksNow(): LinksNow
  /** A happening had been lost, and is made up for. */
  missed(happening: Happening): void
  /** Something may have changed, and all that was asked for is done. */
  changed(): void
}

/**
 * Runs the membership: hands it each happening with the time, and has its effects done. It decides nothing itself. Peers may dial, prove
 * themselves and subscribe before `open()`, as soon as the own record is in MongoDB: these happenings are kept, and applied in order.
 */
export class Members {
  readonly #clock: Clock
  readonly #timers: Timers
  readonly #hands: MembersHands
  /** An array before `open()`: happenings that wait for it. Its length is bounded by the time limit of the registration. */
  #state: Membership | Happening[] = []
  /** The wall clock's lead over the monotonic one. */
  #wallLeadMs: number
  #cancelDeadline: (() => void) | undefined

  constructor(clock: Clock, hands: MembersHands) {
    this.#clock = clock
    this.#timers = new Timers(clock)
    this.#hands = hands
    this.#wallLeadMs = clock.wallNow() - clock.now()
  }

  /** The own record is registered: the membership begins. It is compared with the links every `checkIntervalMs`. */
  open(self: InstanceRecord, { linkTimeoutMs, checkIntervalMs }: { readonly linkTimeoutMs: number; readonly checkIntervalMs: number }): void {
    if (!Array.isArray(this.#state)) return
    const early = this.#state
    this.#state = emptyMembership(self, linkTimeoutMs)
    for (const happening of early) this.happened(happening)
    this.#scheduleCheck(checkIntervalMs)
  }

  happened(happening: Happening): void {
    this.happenedTogether([happening])
  }

  /** Takes in one happening after the other in one step; what they ask for is done afterwards. */
  happenedTogether(happenings: readonly Happening[]): void {
    if (Array.isArray(this.#state)) {
      this.#state.push(...happenings)
      return
    }
    const { membership, effects } = reduceAll(this.#state, happenings, this.#clock.now())
    this.#state = membership
    for (const effect of effects) this.#do(effect)
    this.#scheduleDeadline(membership)
    this.#hands.changed()
  }

  ids(): string[] {
    return [...this.#members.keys()]
  }

  /** Verdict on a member; undefined for an id that is none. */
  verdictOf(id: string): Verdict | undefined {
    return this.#members.get(id)?.verdict
  }

  /** Everyone, in the order of their registration. */
  views(links: ReadonlyMap<string, Link>): MemberView[] {
    const views: MemberView[] = []
    for (const { facts, verdict, since } of this.#members.values()) {
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

  /** Members that are reached and say that they do not reach this instance, with the reason. */
  unreachableBy(): { id: string; reason: string }[] {
    return [...this.#members.values()].flatMap(({ facts: { id, outbound, inbound } }) =>
      outbound.state === 'up' && inbound.state !== 'up' && inbound.ending ? [{ id, reason: inbound.ending.reason }] : [],
    )
  }

  close(): void {
    this.#timers.clear()
  }

  get #members(): Membership['members'] {
    return Array.isArray(this.#state) ? noMembers : this.#state.members
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

  /** Wall-clock time of a monotonic moment: stable, unless the wall clock was set meanwhile. */
  #wallTime(monotonic: number): Date {
    const leadMs = this.#clock.wallNow() - this.#clock.now()
    if (Math.abs(leadMs - this.#wallLeadMs) > clockSetMs) this.#wallLeadMs = leadMs
    return new Date(monotonic + this.#wallLeadMs)
  }

  async #lookUp(id: string): Promise<void> {
    const record = await this.#hands.lookUp(id).catch(() => undefined)
    if (record) this.happened({ type: 'recordSeen', record })
  }

  #scheduleCheck(intervalMs: number): void {
    this.#timers.after(intervalMs, () => {
      this.#scheduleCheck(intervalMs)
      if (Array.isArray(this.#state)) return
      for (const happening of missedHappenings(this.#state, this.#hands.linksNow())) {
        this.#hands.missed(happening)
        this.happened(happening)
      }
    })
  }

  #scheduleDeadline(membership: Membership): void {
    this.#cancelDeadline?.()
    const deadline = nextDeadline(membership)
    if (deadline === undefined) return
    this.#cancelDeadline = this.#timers.deadline(Math.max(leastTickMs, deadline - this.#clock.now()), () => this.happened({ type: 'tick' }))
  }
}

const noMembers: Membership['members'] = new Map()

/** However far in the past a deadline is, it is not looked at again at once. */
const leastTickMs = 10

/** By so much the wall clock does not drift: it was set. */
const clockSetMs = 1000

const registeredAt = ({ record }: MemberView): number => record?._createdAt.getTime() ?? Number.MAX_SAFE_INTEGER
