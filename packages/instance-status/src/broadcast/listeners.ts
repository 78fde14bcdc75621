import { asReceived, callSafely, type Clock } from '@ddp-cluster/ddp-common/internal'
import { type AnyListener, type Entry, EntryList, type EventOrigin } from './entry-list.js'
import type { SequencedEvent } from './wire.js'

/** The listeners of one stream. */
interface StreamListeners {
  readonly byEvent: Map<string, EntryList>
  /** Called with the event's name before its arguments. */
  readonly any: EntryList
}

/** Under this key in place of an event's name: all events of a stream. */
export const anyEvent: unique symbol = Symbol('any event')

/** Work for after the events that are dispatched now: another event, or whatever has to keep its place among them. */
type Waiting = { readonly from: string; readonly event: SequencedEvent } | (() => void)

/** Time in one turn of the event loop after which events that listeners emitted wait for the next, so that IO gets in between. */
const turnMs = 50
/** Time after which events that are dispatched one by one wait for the next turn, as those of an asynchronous listener that emits again. */
const standstillMs = 1_000
/** The clock is asked once for so many events. */
const eventsPerLook = 64
/** Listeners that still emit after so many turns in a row emit what they hear. */
const endlessTurns = 20
/** Interval between two warnings of an endless listener. */
const quietMs = 60_000

/** Beyond so many events that wait, listeners emit more than they will ever hear. */
const mostWaiting = 100_000

const nobody: readonly Entry[] = []

export interface ListenersEvents {
  /** A listener threw or rejected; the others are called all the same. */
  fault(error: unknown, event: SequencedEvent): void
  /** A stream has no listeners any more because its last one was to be called once. */
  emptied(stream: string): void
  /** Events have been dispatched without a pause, as when listeners emit what they hear: the rest is dispatched in later turns of the event loop. */
  endless(event: SequencedEvent): void
}

/**
 * The listeners of one instance, by stream and event, and the order in which they hear. An event that a listener emits waits until every listener
 * has the one before it.
 */
export class Listeners {
  readonly #streams = new Map<string, StreamListeners>()
  readonly #events: ListenersEvents
  #waiting: Waiting[] = []
  /** `deferred`: the rest of what waits goes on in a turn of its own. */
  #state: 'idle' | 'dispatching' | 'deferred' = 'idle'
  #immediate: NodeJS.Immediate | undefined
  readonly #clock: Clock
  /** Events dispatched since the event loop turned, and when the first of them was. */
  #sinceTurn = 0
  #turnBeganAt = 0
  /** Turns in a row after which something still waited. */
  #deferrals = 0
  #saidAt = Number.NEGATIVE_INFINITY

  constructor(clock: Clock, events: ListenersEvents) {
    this.#clock = clock
    this.#events = events
  }

  has(stream: string): boolean {
    return this.#streams.has(stream)
  }

  /** Whether anybody is called for this event. */
  hears(stream: string, event: string): boolean {
    const listeners = this.#streams.get(stream)
    return listeners !== undefined && (listeners.any.size > 0 || listeners.byEvent.has(event))
  }

  /** Whether the backlog is so long that no more may be emitted. */
  get isFull(): boolean {
    return this.#waiting.length >= mostWaiting
  }

  /** Adds the listener, once however often it is added, and for good if it ever is; says whether it is the stream's first. */
  add(stream: string, event: string | typeof anyEvent, listener: AnyListener, once = false): boolean {
    const present = this.#streams.get(stream)
    const listeners: StreamListeners = present ?? { byEvent: new Map(), any: new EntryList() }
    if (!present) this.#streams.set(stream, listeners)
    const list = event === anyEvent ? listeners.any : (listeners.byEvent.get(event) ?? new EntryList())
    if (event !== anyEvent) listeners.byEvent.set(event, list)
    list.add(listener, once)
    return present === undefined
  }

  /** Removes the listener; says whether it was the stream's last. */
  remove(stream: string, event: string | typeof anyEvent, listener: AnyListener): boolean {
    const listeners = this.#streams.get(stream)
    if (!listeners) return false
    const list = event === anyEvent ? listeners.any : listeners.byEvent.get(event)
    list?.remove(listener)
    if (list?.size === 0 && event !== anyEvent) listeners.byEvent.delete(event)
    if (listeners.any.size > 0 || listeners.byEvent.size > 0) return false
    return this.#streams.delete(stream)
  }

  /** Calls the listeners now, or after what is dispatched already. */
  dispatch(from: string, event: SequencedEvent): void {
    if (this.#state !== 'idle') {
      this.#waiting.push({ from, event })
      return
    }
    if (this.#standsStill()) {
      this.#waiting.push({ from, event })
      this.#defer()
      this.#sayEndless()
      return
    }
    this.#state = 'dispatching'
    this.#tell(from, event)
    this.#goOn()
  }

  /** Runs `work` in its place among the events: at once, or after those that wait. */
  inOrder(work: () => void): void {
    if (this.#state === 'idle') work()
    else this.#waiting.push(work)
  }

  clear(): void {
    this.#streams.clear()
    this.#waiting = []
    this.#deferrals = 0
    clearImmediate(this.#immediate)
    if (this.#state === 'deferred') this.#state = 'idle'
  }

  /** Does what came to wait meanwhile, for some time; the rest in a turn of its own. */
  #goOn(): void {
    const until = this.#waiting.length > 0 ? this.#clock.now() + turnMs : 0
    let at = 0
    for (let next = this.#waiting[at]; next !== undefined; next = this.#waiting[at]) {
      if (at > 0 && at % eventsPerLook === 0 && this.#clock.now() > until) break
      at += 1
      if (typeof next === 'function') next()
      else this.#tell(next.from, next.event)
    }
    if (at > 0) this.#waiting = this.#waiting.slice(at)
    if (this.#waiting.length > 0) return this.#defer()
    this.#state = 'idle'
    this.#deferrals = 0
  }

  #defer(): void {
    this.#state = 'deferred'
    this.#deferrals += 1
    this.#immediate = setImmediate(() => {
      this.#state = 'dispatching'
      this.#goOn()
    })
    if (this.#deferrals >= endlessTurns) this.#sayEndless()
  }

  #sayEndless(): void {
    const now = this.#clock.now()
    const next = this.#waiting.find((waiting) => typeof waiting !== 'function')
    if (!next || now - this.#saidAt < quietMs) return
    this.#saidAt = now
    this.#events.endless(next.event)
  }

  /** Whether events have been dispatched for so long that nothing else ran. */
  #standsStill(): boolean {
    this.#sinceTurn += 1
    if (this.#sinceTurn === 1) {
      this.#turnBeganAt = this.#clock.now()
      setImmediate(() => (this.#sinceTurn = 0))
      return false
    }
    return this.#sinceTurn % eventsPerLook === 0 && this.#clock.now() - this.#turnBeganAt > standstillMs
  }

  #tell(from: string, event: SequencedEvent): void {
    const listeners = this.#streams.get(event.stream)
    if (!listeners) return
    const named = listeners.byEvent.get(event.event)?.snapshot ?? nobody
    const any = listeners.any.snapshot
    const origin = (): EventOrigin => ({ from, seq: event.seq })
    let left = named.length + any.length
    // Each listener may do with its arguments what it likes: the last one has the originals, the others copies.
    const args = (): unknown[] => ((left -= 1) > 0 ? asReceived(event.args) : event.args) as unknown[]
    const fault = (error: unknown): void => this.#events.fault(error, event)
    for (const { listener, once } of named) {
      if (once && this.remove(event.stream, event.event, listener)) this.#events.emptied(event.stream)
      callSafely(() => listener.apply(origin(), args()), fault)
    }
    for (const { listener } of any) callSafely(() => listener.apply(origin(), [event.event, ...args()]), fault)
  }
}
