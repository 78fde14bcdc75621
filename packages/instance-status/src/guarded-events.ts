import { callSafely, unknownName } from '@ddp-cluster/ddp-common/internal'
import { EventEmitter } from 'eventemitter3'
import { ClusterError } from './errors.js'

type Handler = (payload: unknown) => void

/** Events of one payload each, for listeners that are the application's: one that throws, or whose promise rejects, is told of and harms nobody else. */
export class GuardedEvents<Events extends object> {
  readonly #emitter = new EventEmitter<Record<string, Handler>>()
  readonly #what: string
  readonly #names: readonly string[]
  readonly #onFault: (event: string, error: unknown) => void

  /** `names` are all events; `what` they are for people, such as `event of a lease`. */
  constructor(what: string, names: Readonly<Record<keyof Events, unknown>>, onFault: (event: string, error: unknown) => void) {
    this.#what = what
    this.#names = Object.keys(names)
    this.#onFault = onFault
  }

  /** The function returned takes the listener back. @throws ClusterError `invalid-option` — there is no such event, or the listener is no function */
  on<E extends keyof Events & string>(event: E, listener: (payload: Events[E]) => unknown): () => void {
    const unknown = unknownName(this.#what, event, this.#names)
    if (unknown !== undefined) throw new ClusterError('invalid-option', unknown)
    if (typeof listener !== 'function') throw new ClusterError('invalid-option', `a listener is a function, not ${typeof listener}`)
    const failed = (error: unknown): void => this.#onFault(event, error)
    const guarded: Handler = (payload) => {
      callSafely(() => listener(payload as Events[E]), failed)
    }
    this.#emitter.on(event, guarded)
    return () => void this.#emitter.off(event, guarded)
  }

  emit<E extends keyof Events & string>(event: E, payload: Events[E]): void {
    this.#emitter.emit(event, payload)
  }

  clear(): void {
    this.#emitter.removeAllListeners()
  }
}
