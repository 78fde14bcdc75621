import type { PublicationHandler } from '../publication.js'

/** Run of a publication for one client. */
export class Subscription {
  /** The client's id for it; `null` for a publication without a name. */
  readonly id: string | null
  /** For the log; empty for a publication without a name. */
  readonly name: string
  readonly params: readonly unknown[]
  readonly handler: PublicationHandler
  readonly userId: string | null
  /** Of the message that asked for it. */
  readonly length: number
  /** The ids that it publishes, by collection, as far as they must be removed when it stops. */
  readonly documents = new Map<string, Set<string>>()
  state: 'starting' | 'ready' | 'stopped' = 'starting'

  constructor(id: string | null, name: string, params: readonly unknown[], handler: PublicationHandler, userId: string | null, length = 0) {
    this.id = id
    this.name = name
    this.params = params
    this.handler = handler
    this.userId = userId
    this.length = length
  }

  /** The subscription once more, from the start, for another user or with another handler. */
  again(userId: string | null, handler = this.handler): Subscription {
    return new Subscription(this.id, this.name, this.params, handler, userId, this.length)
  }

  remember(collection: string, id: string): void {
    const ids = this.documents.get(collection)
    if (ids === undefined) this.documents.set(collection, new Set([id]))
    else ids.add(id)
  }

  forget(collection: string, id: string): void {
    const ids = this.documents.get(collection)
    if (ids?.delete(id) === true && ids.size === 0) this.documents.delete(collection)
  }
}
