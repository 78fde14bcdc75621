import type { EventOrigin } from './entry-list.js'

/** Names of events, each with the arguments it carries: `{ message: [text: string, at: Date] }`. */
export type EventMap<Events> = { readonly [Name in keyof Events]: readonly unknown[] }

/** Listener of an event: called with the event's arguments, with its origin as `this`. A promise that it returns is not awaited; a rejection is logged. */
export type StreamListener<Args extends readonly unknown[] = unknown[]> = (this: EventOrigin, ...args: Args) => unknown

/** A named channel of events to all instances of the cluster. Instances that do not listen to it are not sent what is emitted on it. */
export interface Stream<Events extends EventMap<Events> = Record<string, unknown[]>> {
  /** Name of the stream. */
  readonly name: string
  /** Calls `listener` for every `event` of any instance, this one included; the returned function removes it. A listener that is added twice is called once. */
  on<Name extends keyof Events & string>(event: Name, listener: StreamListener<[...Events[Name]]>): () => void
  /** Calls `listener` for the next such event alone. */
  once<Name extends keyof Events & string>(event: Name, listener: StreamListener<[...Events[Name]]>): () => void
  /** Calls `listener` for every event of the stream, with its name before its arguments. */
  onAny(listener: (this: EventOrigin, event: string, ...args: unknown[]) => unknown): () => void
  /** Removes a listener that `on()` or `once()` added. */
  off<Name extends keyof Events & string>(event: Name, listener: StreamListener<[...Events[Name]]>): void
  /**
   * Sends the event to all members and to this instance's own listeners. Every listener, here or elsewhere, gets a copy of its own.
   * Arguments are values that EJSON carries without loss: text, numbers (-0 arrives as 0), booleans, null, Date, RegExp, Uint8Array (a Buffer arrives as one), ObjectId, Decimal128,
   * custom types of EJSON, and plain objects and arrays of these. Fields and last arguments that are undefined are left out.
   * @returns false when much waits to be sent (4 MiB, or a quarter of what the log holds) to a member that is not stalled: `drained()` says when it does no more.
   * Throws a `ClusterError` `event-not-encodable` (naming the path, as in `args[0].tags is a Set`), `event-too-large`, `too-many-events` or `closed`: the event got no number then and went nowhere.
   */
  emit<Name extends keyof Events & string>(event: Name, ...args: Events[Name]): boolean
  /** Sends the event to one instance, in order with everything else that is emitted here. The own id calls the listeners here alone. Throws the errors of `emit()`, and `left`. */
  emitTo<Name extends keyof Events & string>(instanceId: string, event: Name, ...args: Events[Name]): boolean
  /** Calls the listeners of this instance alone, in order with what is emitted. The event has no number. Throws `event-not-encodable` and `closed`. */
  emitLocal<Name extends keyof Events & string>(event: Name, ...args: Events[Name]): void
  /** Resolves when every member knows whether this instance listens to the stream: what they emit from then on comes. Rejects with `timeout` after `timeoutMs` (10_000), naming those that do not, and with `invalid-option` and `closed`. */
  ready(options?: { readonly timeoutMs?: number }): Promise<void>
  /** Resolves when less than half of what has `emit` return false waits to be sent. A member that took nothing for 2 seconds is not waited for. Rejects with `closed`. */
  drained(): Promise<void>
}
