import type { Logger } from '@ddp-cluster/ddp-common'
import { type Clock, Timers } from '@ddp-cluster/ddp-common/internal'
import { GuardedEvents } from '../guarded-events.js'
import type { Ending, Operations } from '../registry/operations.js'
import { textOf } from '../text-of.js'
import { heldForMs, type Moment, momentOf } from './hold.js'
import type { LeaseStore } from './lease-store.js'
import { Sightings } from './sightings.js'

/** Why a lease is no longer held. */
export type LostReason =
  /** The lease could not be renewed in time: MongoDB did not answer, or this process was suspended. */
  | 'expired'
  /** Another took it: MongoDB had it expire before we did. */
  | 'taken'
  /** `release()` or `close()` was called. */
  | 'released'

/** Events of a `Lease`, each with its payload. */
export interface LeaseEvents {
  /** Start of holding the lease. `token` is greater than that of every earlier holder. */
  acquired: { readonly token: number }
  /** End of holding the lease; `token` is the one it had. */
  lost: { readonly token: number; readonly reason: LostReason }
}

/**
 * Right to be the only instance of the cluster that does something. The lease is requested from `cluster.lease()` until `release()`, and again after every loss.
 *
 * Check `held` before each step of the work. A process can be suspended between the check and the step, for longer than the lease lasts, so only the
 * fencing `token` is safe: store it with every write, and refuse a write with a smaller one.
 */
export interface Lease extends AsyncDisposable {
  /** Name of the lease, as given to `cluster.lease()`. */
  readonly name: string
  /** Time after which the lease of a dead holder expires, in milliseconds. */
  readonly ttlMs: number
  /** Whether this instance holds the lease at this moment, by its own clock, without asking MongoDB. */
  readonly held: boolean
  /** Fencing token while the lease is held, else undefined. */
  readonly token: number | undefined
  /** Calls `listener` at every `event`; the returned function removes it. */
  on<E extends keyof LeaseEvents>(event: E, listener: (payload: LeaseEvents[E]) => unknown): () => void
  /** Releases the lease and requests it no more. Never rejects: a lease that could not be released expires. Can be called again. */
  release(): Promise<void>
}

export interface LeaseOptions {
  readonly name: string
  readonly ttlMs: number
  /** Id of the contender: of this lease, not of the instance, so that two parts of one application can compete. */
  readonly holder: string
  readonly store: LeaseStore
  readonly operations: Operations
  readonly clock: Clock
  readonly random: () => number
  readonly logger: Logger
  /** Called when the lease is requested no more. */
  readonly onEnd: () => void
}

type State =
  | { readonly kind: 'waiting' }
  /** `since`: before the request was sent that MongoDB granted. */
  | { readonly kind: 'held'; readonly token: number; readonly since: Moment }
  | { readonly kind: 'released' }

/** Renewed three times in its life, so that one lost renewal costs nothing. */
const renewalsInTtl = 3
/** Somebody who waits asks again this much later than the lease ends, at most: of many who wait not all ask at once. */
const longestSpreadMs = 200
/** While MongoDB does not answer, it is asked this often at most, */
const shortestRetryMs = 50
/** and this often at least. */
const longestRetryMs = 5000

/** No request takes longer than there is until the next renewal. */
export const requestLimitMs = (ttlMs: number): number => Math.ceil(Math.min(longestRetryMs, ttlMs / renewalsInTtl))

/** Asks for one lease, and renews it while it is held: one read about each `ttlMs` for who waits, one write each third of it for who holds. */
export class LeaseKeeper implements Lease {
  readonly #options: LeaseOptions
  readonly #timers: Timers
  readonly #events: GuardedEvents<LeaseEvents>
  readonly #sightings = new Sightings()
  #state: State = { kind: 'waiting' }
  #working: Promise<void> = Promise.resolve()
  /** MongoDB may have it as ours: only then there is something to give back. */
  #mayBeOurs = false
  /** Requests that failed since the last answer. */
  #failures = 0
  #releasing: Promise<void> | undefined
  #cancelExpiry: () => void = () => undefined
  /** Undefined while MongoDB is being asked. */
  #cancelWork: (() => void) | undefined

  constructor(options: LeaseOptions) {
    this.#options = options
    this.#timers = new Timers(options.clock)
    this.#events = new GuardedEvents<LeaseEvents>('event of a lease', { acquired: true, lost: true }, (event, error) => options.logger.error({ lease: options.name, event, error: textOf(error) }, 'a listener of a lease threw'))
    this.#workIn(0)
  }

  get name(): string {
    return this.#options.name
  }

  get ttlMs(): number {
    return this.#options.ttlMs
  }

  get held(): boolean {
    return this.token !== undefined
  }

  get token(): number | undefined {
    const state = this.#state
    return state.kind === 'held' && this.#heldForMs(state.since) > 0 ? state.token : undefined
  }

  on<E extends keyof LeaseEvents>(event: E, listener: (payload: LeaseEvents[E]) => unknown): () => void {
    return this.#events.on(event, listener)
  }

  release(): Promise<void> {
    this.#releasing ??= this.#giveBack()
    return this.#releasing
  }

  /** Looks soon, as the lease may just have been released. */
  lookSoon(): void {
    if (this.#state.kind !== 'waiting' || !this.#cancelWork) return
    this.#cancelWork()
    this.#workIn((this.#options.random() * longestSpreadMs) / 4)
  }

  /** Asks for it no more and renews it no more, and leaves it to expire: what was done under it may not be over. */
  abandon(): void {
    this.#releasing ??= Promise.resolve()
    this.#stop()
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.release()
  }

  async #giveBack(): Promise<void> {
    const { store, logger } = this.#options
    this.#stop()
    // A request under way may yet be granted.
    await this.#working
    if (this.#mayBeOurs) {
      await this.#bounded('releasing', (ending) => store.release(ending)).catch((error: unknown) => {
        logger.debug({ lease: this.name, error: String(error) }, 'a lease could not be given back; it expires')
      })
    }
    this.#events.clear()
  }

  #stop(): void {
    this.#timers.clear()
    this.#lose('released')
    this.#state = { kind: 'released' }
    this.#options.onEnd()
  }

  #workIn(delayMs: number): void {
    if (this.#state.kind === 'released') return
    this.#cancelWork = this.#timers.after(Math.max(0, delayMs), () => {
      this.#cancelWork = undefined
      this.#working = this.#work()
    })
  }

  /** Never rejects. */
  async #work(): Promise<void> {
    const { ttlMs, logger } = this.#options
    try {
      if (this.#state.kind === 'held' && !this.held) this.#lose('expired')
      this.#workIn(this.#state.kind === 'held' ? await this.#renew(this.#state.token) : await this.#ask())
      this.#failures = 0
    } catch (error) {
      const holding = this.#state.kind === 'held'
      this.#failures += 1
      // Said once, until it answers again.
      const level = this.#failures === 1 ? 'warn' : 'debug'
      logger[level]({ lease: this.name, holding, error: String(error) }, 'MongoDB does not answer about a lease')
      this.#workIn(Math.min(longestRetryMs, Math.max(shortestRetryMs, ttlMs / (holding ? 4 * renewalsInTtl : renewalsInTtl))))
    }
  }

  /** Resolves with the milliseconds until there is something to do again. */
  async #renew(token: number): Promise<number> {
    const { store, ttlMs, clock } = this.#options
    const since = momentOf(clock)
    const ours = await this.#bounded('renewing', (ending) => store.renew(token, ttlMs, ending))
    // The lease may have been released or lost while MongoDB was asked.
    if (this.#state.kind !== 'held') return 0
    if (!ours) {
      this.#lose('taken')
      return 0
    }
    this.#hold(token, since)
    return ttlMs / renewalsInTtl - (clock.now() - since.monotonic)
  }

  async #ask(): Promise<number> {
    const { store, ttlMs, clock, holder, random } = this.#options
    const sentAt = clock.now()
    const row = await this.#bounded('looking at', (ending) => store.look(ending))
    const waitMs = this.#sightings.note({ row, sentAt, receivedAt: clock.now() }, holder)
    if (waitMs > 0) return waitMs + 1 + random() * Math.min(longestSpreadMs, row.ttlMs / 20)
    if (this.#state.kind !== 'waiting') return 0
    const since = momentOf(clock)
    this.#mayBeOurs = true
    const token = await this.#bounded('taking', (ending) => store.take(row, ttlMs, ending))
    // Somebody was faster: the next look tells for how long.
    this.#mayBeOurs = token !== undefined
    if (token === undefined || this.#isReleased()) return 0
    this.#hold(token, since)
    if (!this.held) return 0
    this.#events.emit('acquired', { token })
    return ttlMs / renewalsInTtl - (clock.now() - since.monotonic)
  }

  #hold(token: number, since: Moment): void {
    this.#state = { kind: 'held', token, since }
    this.#cancelExpiry()
    this.#cancelExpiry = this.#timers.after(Math.max(0, this.#heldForMs(since)), () => {
      if (!this.held) this.#lose('expired')
    })
  }

  #lose(reason: LostReason): void {
    if (this.#state.kind !== 'held') return
    const { token } = this.#state
    this.#state = { kind: 'waiting' }
    this.#cancelExpiry()
    this.#options.logger.info({ lease: this.name, token, reason }, 'a lease is no longer held')
    this.#events.emit('lost', { token, reason })
  }

  #isReleased(): boolean {
    return this.#state.kind === 'released'
  }

  #heldForMs(since: Moment): number {
    return heldForMs(since, this.#options.ttlMs, this.#options.clock)
  }

  #bounded<T>(what: string, operate: (ending: Ending) => Promise<T>): Promise<T> {
    const { operations, ttlMs, name } = this.#options
    return operations.run(requestLimitMs(ttlMs), `${what} the lease "${name}"`, operate)
  }
}
