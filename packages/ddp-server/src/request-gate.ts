import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Duplex } from 'node:stream'
import type { ApplicationServer } from './application-server.js'
import { OrdinaryRequests } from './ordinary-requests.js'
import { override } from './override.js'

/** Takes requests and upgrades of an HTTP server before the application's listeners: `true` for one that it answers itself. */
export interface GateKeeper {
  request(request: IncomingMessage, response: ServerResponse): boolean
  /** Whether an upgrade is this keeper's, asked before anything is done with it. */
  claims(request: IncomingMessage): boolean
  /** Answers an upgrade that it claimed. */
  upgrade(request: IncomingMessage, tcp: Duplex, head: Buffer): void
}

const gates = new WeakMap<ApplicationServer, RequestGate>()

/**
 * Lets `keeper` answer requests and upgrades before the application's listeners, which then do not see them; also before those that are added later.
 * An HTTP server calls all its listeners for every event, and two answers on one socket would throw or corrupt it. The event itself is held back
 * instead: the application's listeners stay its own, to add, to remove and to count. An upgrade that no keeper claims reaches them unchanged, and
 * where there are none becomes the ordinary request that Node.js would have made of it.
 * @returns a function that takes the keeper away; with the last one the server is as it was
 */
export function guardRequests(server: ApplicationServer, keeper: GateKeeper): () => void {
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
/** Decides from Node.js 24.9 on whether a request is an upgrade. */
type ShouldUpgrade = (request: IncomingMessage) => boolean

class RequestGate {
  readonly keepers = new Set<GateKeeper>()
  readonly #server: ApplicationServer
  readonly #ordinary: OrdinaryRequests
  readonly #restore: (() => void)[]
  readonly #emit: Emit

  constructor(server: ApplicationServer) {
    this.#server = server
    this.#ordinary = new OrdinaryRequests(server)
    this.#emit = Reflect.get(server, 'emit') as Emit
    // Node.js looks for upgrades only while somebody listens for them.
    server.on('upgrade', placeholder)
    this.#restore = [() => void server.off('upgrade', placeholder), override(server, 'emit', this.#emitUnlessKept)]
    const shouldUpgrade: unknown = Reflect.get(server, 'shouldUpgradeCallback')
    if (typeof shouldUpgrade === 'function') this.#restore.push(override(server, 'shouldUpgradeCallback', this.#decideUpgrade(shouldUpgrade as ShouldUpgrade)))
  }

  open(): void {
    for (const restore of this.#restore) restore()
  }

  readonly #emitUnlessKept: Emit = (event, ...values) => {
    if (event === 'request') {
      const [request, response] = values as [IncomingMessage, ServerResponse]
      for (const keeper of this.keepers) if (keeper.request(request, response)) return true
      this.#ordinary.answeredBy(request.socket, response)
    } else if (event === 'upgrade' && this.keepers.size > 0) {
      const [request, tcp, head] = values as [IncomingMessage, Duplex, Buffer]
      for (const keeper of this.keepers) {
        if (!keeper.claims(request)) continue
        keeper.upgrade(request, tcp, head)
        return true
      }
      if (!this.#othersTake()) {
        this.#ordinary.makeOf(request, tcp, head)
        return true
      }
    }
    return this.#emit.call(this.#server, event, ...values)
  }

  #decideUpgrade(shouldUpgrade: ShouldUpgrade): ShouldUpgrade {
    return (request) => {
      for (const keeper of this.keepers) if (keeper.claims(request)) return true
      return this.#othersTake() && shouldUpgrade.call(this.#server, request)
    }
  }

  /**
   * Whether anybody behind this gate may take an upgrade: the application, or the gate of another copy of this package. Gates lie around each other in
   * the order of their placeholders, so that the first one has no gate behind it.
   */
  #othersTake(): boolean {
    const listeners = this.#server.listeners('upgrade')
    return listeners.some((listener) => !isPlaceholder(listener)) || listeners[0] !== placeholder
  }
}

/** Tells a placeholder also to other copies of this package in the process: for their gates it is no listener of the application either. */
const placeholderMark = Symbol.for('@ddp-cluster/ddp-server upgrade placeholder')

const placeholder = Object.assign((): void => undefined, { [placeholderMark]: true })

const isPlaceholder = (listener: object): boolean => placeholderMark in listener
