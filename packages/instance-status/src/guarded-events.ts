import { callSafely } from '@ddp-cluster/ddp-common/internal'
import { EventEmitter } from 'eventemitter3'

type Handler = (payload: unknown) => void

/** Events of one payload each, for listeners that are the application's: one that throws, or whose promise rejects, is told of and harms nobody else. */
export class GuardedEvents<Events extends object> {
  readonly #emitter = new EventEmitter<Record<string, Handler>>()
  readonly #onFault: (event: string, error: unknown) => void

  constructor(onFault: (event: string, error: unknown) => void) {
    this.#onFault = onFault
  }

  /** The function returned takes the listener back. */
  on<E extends keyof Events & string>(event: E, listener: (payload: Events[E]) => unknown): () => void {
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
