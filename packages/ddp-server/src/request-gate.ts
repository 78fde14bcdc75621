import type { IncomingMessage, RequestListener, Server, ServerResponse } from 'node:http'

/** Answers a request and says so, or leaves it alone. */
export type GateKeeper = (request: IncomingMessage, response: ServerResponse) => boolean

const gates = new WeakMap<Server, RequestGate>()

/**
 * Lets `keeper` answer requests before the application's listeners, which then do not see them; also before those that are added later.
 * An HTTP server calls all its listeners for every request, and two answers to one would throw, so the others have to stand behind the gate.
 * @returns a function that takes the keeper away; with the last one the listeners are again where they were
 */
export function guardRequests(server: Server, keeper: GateKeeper): () => void {
  const gate = gates.get(server) ?? new RequestGate(server)
  gates.set(server, gate)
  gate.keepers.add(keeper)
  return () => {
    gate.keepers.delete(keeper)
    if (gate.keepers.size > 0 || !gates.delete(server)) return
    gate.open()
  }
}

class RequestGate {
  readonly keepers = new Set<GateKeeper>()
  readonly #server: Server
  #behind: RequestListener[]

  constructor(server: Server) {
    this.#server = server
    this.#behind = server.listeners('request') as RequestListener[]
    server.removeAllListeners('request')
    server.on('request', this.#onRequest)
    server.on('newListener', this.#onNewListener)
  }

  open(): void {
    this.#server.off('newListener', this.#onNewListener)
    this.#server.off('request', this.#onRequest)
    for (const listener of this.#behind) this.#server.on('request', listener)
    this.#behind = []
  }

  readonly #onRequest: RequestListener = (request, response) => {
    for (const keeper of this.keepers) if (keeper(request, response)) return
    for (const listener of this.#behind) listener.call(this.#server, request, response)
  }

  /** The event comes before the listener is there. */
  readonly #onNewListener = (event: string | symbol, listener: RequestListener): void => {
    if (event !== 'request') return
    process.nextTick(() => {
      if (gates.get(this.#server) !== this || !this.#server.listeners('request').includes(listener)) return
      this.#server.off('request', listener)
      this.#behind.push(listener)
    })
  }
}
