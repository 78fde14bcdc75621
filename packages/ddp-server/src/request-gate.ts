import type { IncomingMessage, Server, ServerResponse } from 'node:http'

/** Answers a request and says so, or leaves it alone. */
export type GateKeeper = (request: IncomingMessage, response: ServerResponse) => boolean

const gates = new WeakMap<Server, RequestGate>()

/**
 * Lets `keeper` answer requests before the application's listeners, which then do not see them; also before those that are added later.
 * An HTTP server calls all its listeners for every request, and two answers to one would throw. So the event itself is held back: the
 * application's listeners stay its own, to add, to remove and to count.
 * @returns a function that takes the keeper away; with the last one the server is as it was
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

type Emit = (event: string | symbol, ...values: unknown[]) => boolean

class RequestGate {
  readonly keepers = new Set<GateKeeper>()
  readonly #server: Server
  readonly #emit: Emit
  readonly #wasOwn: boolean

  constructor(server: Server) {
    this.#server = server
    this.#emit = Reflect.get(server, 'emit') as Emit
    this.#wasOwn = Object.hasOwn(server, 'emit')
    server.emit = this.#emitUnlessKept as Server['emit']
  }

  /** If somebody else stands before us by now, it stays, and lets everything through. */
  open(): void {
    if (Object.getOwnPropertyDescriptor(this.#server, 'emit')?.value !== this.#emitUnlessKept) return
    if (this.#wasOwn) this.#server.emit = this.#emit as Server['emit']
    else Reflect.deleteProperty(this.#server, 'emit')
  }

  readonly #emitUnlessKept: Emit = (event, ...values) => {
    if (event === 'request') {
      const [request, response] = values as [IncomingMessage, ServerResponse]
      for (const keeper of this.keepers) if (keeper(request, response)) return true
    }
    return this.#emit.call(this.#server, event, ...values)
  }
}
