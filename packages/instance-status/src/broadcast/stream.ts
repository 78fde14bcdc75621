import type { SequencedEvent } from './wire.js'

/** Where an event came from. */
export interface EventOrigin {
  /** The instance that emitted it. */
  readonly from: string
  /** Its number among that instance's events. */
  readonly seq: number
}

/** What a listener is called with: the event's arguments; `this` is where it came from. A promise that it returns is not waited for; its rejection is logged. */
export type StreamListener = (this: EventOrigin, ...args: unknown[]) => unknown

/** A named channel of events to all instances of the cluster. */
export interface Stream {
  readonly name: string
  /** Calls `listener` for every `event` that any instance emits, this one included; the function returned takes that back. */
  on(event: string, listener: StreamListener): () => void
  off(event: string, listener: StreamListener): void
  /** Sends the event to all members and to this instance's own listeners. Throws a `ClusterError` `event-not-encodable`, `event-too-large` or `closed`. */
  emit(event: string, ...args: unknown[]): void
}

/** The listeners of one instance, by stream and event. */
export class Listeners {
  readonly #byKey = new Map<string, Set<StreamListener>>()
  readonly #onFault: (error: unknown, event: SequencedEvent) => void

  /** `onFault` is told of a listener that threw; the others are called all the same. */
  constructor(onFault: (error: unknown, event: SequencedEvent) => void) {
    this.#onFault = onFault
  }

  add(stream: string, event: string, listener: StreamListener): void {
    const key = keyOf(stream, event)
    const present = this.#byKey.get(key)
    if (present) present.add(listener)
    else this.#byKey.set(key, new Set([listener]))
  }

  remove(stream: string, event: string, listener: StreamListener): void {
    const key = keyOf(stream, event)
    const present = this.#byKey.get(key)
    if (present?.delete(listener) && present.size === 0) this.#byKey.delete(key)
  }

  dispatch(from: string, event: SequencedEvent): void {
    const listeners = this.#byKey.get(keyOf(event.stream, event.event))
    if (!listeners) return
    const origin = { from, seq: event.seq }
    for (const listener of Array.from(listeners)) {
      try {
        const result = listener.apply(origin, event.args as unknown[])
        if (result instanceof Promise) result.catch((error: unknown) => this.#onFault(error, event))
      } catch (error) {
        this.#onFault(error, event)
      }
    }
  }

  clear(): void {
    this.#byKey.clear()
  }
}

/** One key of two names: the length tells where the first ends. */
const keyOf = (stream: string, event: string): string => `${stream.length}:${stream}${event}`
