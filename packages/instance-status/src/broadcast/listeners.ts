import type { SequencedEvent } from './wire.js'

/** Where an event came from. */
export interface EventOrigin {
  /** The instance that emitted it. */
  readonly from: string
  /** Its number among that instance's events; 0 for one of `emitLocal`, which has none. */
  readonly seq: number
}

/** A listener whose arguments are not looked at here. */
export type AnyListener = (this: EventOrigin, ...args: unknown[]) => unknown

interface Entry {
  readonly listener: AnyListener
  readonly once: boolean
}

/** The listeners of one stream: lists that are replaced, never changed, so that one which is being gone through stays what it was. */
interface StreamListeners {
  readonly byEvent: Map<string, readonly Entry[]>
  /** Called with the event's name before its arguments. */
  any: readonly Entry[]
}

/** Under this key in place of an event's name: all events of a stream. */
export const anyEvent: unique symbol = Symbol('any event')

const nobody: readonly Entry[] = []

/** The listeners of one instance, by stream and event. */
export class Listeners {
  readonly #streams = new Map<string, StreamListeners>()
  readonly #onFault: (error: unknown, event: SequencedEvent) => void
  /** What listeners emitted: it waits until everybody has the event that they heard. */
  readonly #waiting: { readonly from: string; readonly event: SequencedEvent }[] = []
  #state: 'idle' | 'dispatching' = 'idle'

  /** `onFault` is told of a listener that threw; the others are called all the same. */
  constructor(onFault: (error: unknown, event: SequencedEvent) => void) {
    this.#onFault = onFault
  }

  /** The streams that anybody listens to. */
  streams(): ReadonlySet<string> {
    return new Set(this.#streams.keys())
  }

  /** Adds the listener, once however often it is added, and for good if it ever is; says whether it is the stream's first. */
  add(stream: string, event: string | typeof anyEvent, listener: AnyListener, once = false): boolean {
    const present = this.#streams.get(stream)
    const listeners = present ?? { byEvent: new Map(), any: nobody }
    this.#streams.set(stream, listeners)
    const entries = this.#entries(listeners, event)
    const same = entries.find((entry) => entry.listener === listener)
    if (!same) this.#replace(listeners, event, [...entries, { listener, once }])
    else if (same.once && !once) this.#replace(listeners, event, entries.map((entry) => (entry === same ? { listener, once } : entry)))
    return present === undefined
  }

  /** Removes the listener; says whether it was the stream's last. */
  remove(stream: string, event: string | typeof anyEvent, listener: AnyListener): boolean {
    const listeners = this.#streams.get(stream)
    if (!listeners) return false
    this.#replace(listeners, event, this.#entries(listeners, event).filter((entry) => entry.listener !== listener))
    if (listeners.any.length > 0 || listeners.byEvent.size > 0) return false
    return this.#streams.delete(stream)
  }

  /**
   * Calls the listeners, one event after the other: what they emit meanwhile is dispatched next. Says whether a stream has none any more because the
   * last one was to be called once.
   */
  dispatch(from: string, event: SequencedEvent): boolean {
    if (this.#state === 'dispatching') {
      this.#waiting.push({ from, event })
      return false
    }
    this.#state = 'dispatching'
    try {
      let ended = this.#tell(from, event)
      for (let next = this.#waiting.shift(); next; next = this.#waiting.shift()) ended = this.#tell(next.from, next.event) || ended
      return ended
    } finally {
      this.#state = 'idle'
    }
  }

  clear(): void {
    this.#streams.clear()
  }

  #tell(from: string, event: SequencedEvent): boolean {
    const listeners = this.#streams.get(event.stream)
    if (!listeners) return false
    const { any } = listeners
    const entries = listeners.byEvent.get(event.event) ?? nobody
    const origin = { from, seq: event.seq }
    let ended = false
    for (const { listener, once } of entries) {
      if (once) ended = this.remove(event.stream, event.event, listener)
      this.#call(listener, origin, event.args, event)
    }
    for (const { listener } of any) this.#call(listener, origin, [event.event, ...event.args], event)
    return ended
  }

  #call(listener: AnyListener, origin: EventOrigin, args: readonly unknown[], event: SequencedEvent): void {
    try {
      const result = listener.apply(origin, args as unknown[])
      if (result instanceof Promise) result.catch((error: unknown) => this.#onFault(error, event))
    } catch (error) {
      this.#onFault(error, event)
    }
  }

  #entries(listeners: StreamListeners, event: string | typeof anyEvent): readonly Entry[] {
    return event === anyEvent ? listeners.any : (listeners.byEvent.get(event) ?? nobody)
  }

  #replace(listeners: StreamListeners, event: string | typeof anyEvent, entries: readonly Entry[]): void {
    if (event === anyEvent) listeners.any = entries
    else if (entries.length > 0) listeners.byEvent.set(event, entries)
    else listeners.byEvent.delete(event)
  }
}
