import { asReceived, callSafely } from '@ddp-cluster/ddp-common/internal'
import { type AnyListener, type Entry, EntryList } from './entry-list.js'
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

/** Events that listeners emitted are dispatched in the same turn up to so many; the rest lets IO in between. */
const roundsPerTurn = 1_000

/** Beyond so many events that wait, listeners emit more than they will ever hear. */
const mostWaiting = 100_000

const nobody: readonly Entry[] = []

export interface ListenersEvents {
  /** A listener threw or rejected; the others are called all the same. */
  fault(error: unknown, event: SequencedEvent): void
  /** A stream has no listeners any more because its last one was to be called once. */
  emptied(stream: string): void
  /** Listeners keep emitting what they hear: the rest is dispatched in later turns of the event loop. */
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

  constructor(events: ListenersEvents) {
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

  /** So many events wait that no more may be emitted. */
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
    this.#state = 'dispatching'
    this.#tell(from, event)
    this.#goOn('new')
  }

  /** Runs `work` in its place among the events: at once, or after those that wait. */
  inOrder(work: () => void): void {
    if (this.#state === 'idle') work()
    else this.#waiting.push(work)
  }

  clear(): void {
    this.#streams.clear()
    this.#waiting = []
    clearImmediate(this.#immediate)
    if (this.#state === 'deferred') this.#state = 'idle'
  }

  /** Does what came to wait meanwhile, up to a bound; the rest in a turn of its own. */
  #goOn(chain: 'new' | 'deferred'): void {
    // Everything that waits at the beginning has its turn, so that a backlog does not grow.
    const bound = Math.max(roundsPerTurn, this.#waiting.length)
    let at = 0
    for (let next = this.#waiting[at]; next !== undefined && at < bound; next = this.#waiting[at]) {
      at += 1
      if (typeof next === 'function') next()
      else this.#tell(next.from, next.event)
    }
    if (at > 0) this.#waiting = this.#waiting.slice(at)
    if (this.#waiting.length === 0) {
      this.#state = 'idle'
      return
    }
    this.#state = 'deferred'
    this.#immediate = setImmediate(() => {
      this.#state = 'dispatching'
      this.#goOn('deferred')
    })
    const endless = chain === 'new' ? this.#waiting.find((waiting) => typeof waiting !== 'function') : undefined
    if (endless) this.#events.endless(endless.event)
  }

  #tell(from: string, event: SequencedEvent): void {
    const listeners = this.#streams.get(event.stream)
    if (!listeners) return
    const named = listeners.byEvent.get(event.event)?.snapshot ?? nobody
    const any = listeners.any.snapshot
    const origin = { from, seq: event.seq }
    let left = named.length + any.length
    // Each listener may do with its arguments what it likes: the last one has the originals, the others copies.
    const args = (): unknown[] => ((left -= 1) > 0 ? asReceived(event.args) : event.args) as unknown[]
    const fault = (error: unknown): void => this.#events.fault(error, event)
    for (const { listener, once } of named) {
      if (once && this.remove(event.stream, event.event, listener)) this.#events.emptied(event.stream)
      callSafely(() => listener.apply(origin, args()), fault)
    }
    for (const { listener } of any) callSafely(() => listener.apply(origin, [event.event, ...args()]), fault)
  }
}
