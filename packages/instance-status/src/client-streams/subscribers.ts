import { EJSON } from '@ddp-cluster/ddp-common'
import type { Connection } from '@ddp-cluster/ddp-server'
import { bufferedBytes, sendFrame } from '@ddp-cluster/ddp-server/internal'

/** A client that lets more than this wait is closed: it would never catch up, and memory has an end. */
const mostBufferedBytes = 16 * 1024 * 1024

/** Collections whose document each client has. A client that outlives its cluster keeps the document, and may refuse to be given it again. */
const introduced = new WeakMap<Connection, Set<string>>()

/** The clients of this instance that subscribed to events of one stream, and how they are told. */
export class Subscribers {
  readonly #collection: string
  /** How often a connection has subscribed to an event: it is told once of each. */
  readonly #byEvent = new Map<string, Map<Connection, number>>()

  /** `collection` is the one in which clients see the events. */
  constructor(collection: string) {
    this.#collection = collection
  }

  /** The function returned takes it back. */
  add(event: string, connection: Connection): () => void {
    const connections = this.#byEvent.get(event) ?? new Map<Connection, number>()
    this.#byEvent.set(event, connections.set(connection, (connections.get(connection) ?? 0) + 1))
    return () => {
      const left = (connections.get(connection) ?? 0) - 1
      if (left > 0) connections.set(connection, left)
      else connections.delete(connection)
      if (connections.size === 0 && this.#byEvent.get(event) === connections) this.#byEvent.delete(event)
    }
  }

  /** Gives the client the document which the events will change, for clients that tell of no change to what is not there. */
  introduce(event: string, connection: Connection): void {
    const collections = introduced.get(connection) ?? new Set()
    if (collections.has(this.#collection)) return
    introduced.set(connection, collections.add(this.#collection))
    sendFrame(connection, JSON.stringify({ msg: 'added', collection: this.#collection, id: 'id', fields: { eventName: event } }))
  }

  /** Tells all of them but one of the event; it is encoded once. Throws what EJSON throws. */
  tell(event: string, args: readonly unknown[], except: Connection | undefined): void {
    const connections = this.#byEvent.get(event)
    if (!connections) return
    const frame = Buffer.from(`{"msg":"changed","collection":${JSON.stringify(this.#collection)},"id":"id","fields":{"eventName":${JSON.stringify(event)},"args":${EJSON.stringify(args)}}}`)
    for (const connection of connections.keys()) {
      if (connection === except) continue
      sendFrame(connection, frame)
      if (bufferedBytes(connection) > mostBufferedBytes) connection.close(1013, 'the client reads too slowly')
    }
  }
}
