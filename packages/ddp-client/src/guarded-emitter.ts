import { callSafely, unknownName } from '@ddp-cluster/ddp-common/internal'
import { EventEmitter } from 'eventemitter3'

type Names<Events extends EventEmitter.ValidEventTypes> = EventEmitter.EventNames<Events>
type Listener<Events extends EventEmitter.ValidEventTypes, Name extends Names<Events>> = EventEmitter.EventListener<Events, Name>
type AnyListener = (...values: unknown[]) => unknown

/** An emitter whose listeners do not depend on each other: an error of one, thrown or rejected, keeps the event from no other, nor from the emitter. */
export abstract class GuardedEmitter<Events extends EventEmitter.ValidEventTypes> extends EventEmitter<Events> {
  readonly #guards = new WeakMap<object, AnyListener>()
  readonly #guarded = new WeakMap<object, AnyListener>()

  readonly #known: readonly string[]

  /** @param known the names of all events */
  constructor(known: readonly string[]) {
    super()
    this.#known = known
  }

  /** Called with the error of a listener. */
  protected abstract noteThrown(error: unknown): void

  override on<Name extends Names<Events>>(event: Name, listener: Listener<Events, Name>, context?: unknown): this {
    this.#requireKnown(event)
    return super.on(event, this.#guard(listener), context)
  }

  override addListener<Name extends Names<Events>>(event: Name, listener: Listener<Events, Name>, context?: unknown): this {
    return this.on(event, listener, context)
  }

  override once<Name extends Names<Events>>(event: Name, listener: Listener<Events, Name>, context?: unknown): this {
    this.#requireKnown(event)
    return super.once(event, this.#guard(listener), context)
  }

  override off<Name extends Names<Events>>(event: Name, listener?: Listener<Events, Name>, context?: unknown, once?: boolean): this {
    return super.off(event, listener && this.#guard(listener), context, once)
  }

  override removeListener<Name extends Names<Events>>(event: Name, listener?: Listener<Events, Name>, context?: unknown, once?: boolean): this {
    return this.off(event, listener, context, once)
  }

  override listeners<Name extends Names<Events>>(event: Name): Listener<Events, Name>[] {
    return super.listeners(event).map((guard) => (this.#guarded.get(guard) ?? guard) as Listener<Events, Name>)
  }

  /** @throws TypeError for the name of an event that there is not: its listener would never be called */
  #requireKnown(event: Names<Events>): void {
    const unknown = unknownName('event', String(event), this.#known)
    if (unknown !== undefined) throw new TypeError(unknown)
  }

  /** Guard of a listener, the same each time, so that it can be removed; eventemitter3 itself removes a guard after `once`. */
  #guard<Name extends Names<Events>>(listener: Listener<Events, Name>): Listener<Events, Name> {
    const known = this.#guarded.has(listener) ? listener : this.#guards.get(listener)
    if (known) return known as Listener<Events, Name>
    const note = (error: unknown): void => this.noteThrown(error)
    const guard = function (this: unknown, ...values: unknown[]): void {
      callSafely(() => (listener as AnyListener).apply(this, values), note)
    }
    this.#guards.set(listener, guard)
    this.#guarded.set(guard, listener as AnyListener)
    return guard as Listener<Events, Name>
  }
}
