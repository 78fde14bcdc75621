import { EJSONError, type DataMessage, type Logger, type NosubMessage } from '@ddp-cluster/ddp-common'
import { Collection } from './collection.js'
import type { DocumentIds } from './document-ids.js'
import { DocumentStore, type TellChange } from './document-store.js'
import { Revival, type RevivalMessage } from './revival.js'

export interface LiveDataHandlers {
  onReady(subscriptionId: string): void
  onUpdated(methodId: string): void
  onNosub(message: NosubMessage): void
  /** The data of a new connection are all there. */
  onRevived(): void
}

/** The data side of a client: what the server told, across reconnects, and who is told of it. */
export class LiveData {
  readonly #ids: DocumentIds
  readonly #logger: Logger
  readonly #handlers: LiveDataHandlers
  readonly #collections = new Map<string, Collection>()
  readonly #tell: TellChange = (name, change) => this.#collections.get(name)?.tell(change)
  #store: DocumentStore
  /** Set from a reconnect until its data are all there. */
  #revival: Revival | undefined

  constructor(ids: DocumentIds, logger: Logger, handlers: LiveDataHandlers) {
    this.#ids = ids
    this.#store = new DocumentStore(ids)
    this.#logger = logger
    this.#handlers = handlers
  }

  collection(name: string): Collection {
    const found = this.#collections.get(name)
    if (found) return found
    const made = new Collection(name, this.#ids, () => this.#store.documents(name), (error) => {
      this.#logger.error({ err: error, collection: name }, 'A listener of a collection threw')
    })
    this.#collections.set(name, made)
    return made
  }

  /**
   * A new session follows an earlier one: everything is told anew. `subscriptions` are those whose data people have seen, `methods` those
   * that were called before and are done again. What is told is held back until all of them are, and at least until `noteAllAsked()`.
   */
  startRevival(subscriptions: Iterable<string>, methods: Iterable<string>): void {
    this.#revival = new Revival(subscriptions, methods)
  }

  /** The session ended before its data were there: what people see stays what it was. */
  stopRevival(): void {
    this.#revival = undefined
  }

  /** The connection was lost, and the session may go on. Nothing that was held back is shown before it does: no listener hears of documents while the client takes the loss in. */
  noteLost(): void {
    this.#revival?.noteLost()
  }

  forgetMethod(id: string): void {
    this.#revival?.forgetMethod(id)
    this.#showIfRevived()
  }

  forgetSubscription(id: string): void {
    this.#revival?.forgetSubscription(id)
    this.#showIfRevived()
  }

  take(message: RevivalMessage): void {
    if (!this.#revival) {
      this.#apply(message)
      return
    }
    this.#revival.hold(message)
    this.#showIfRevived()
  }

  /** All that a new session is asked for was sent. */
  noteAllAsked(): void {
    this.#revival?.noteAllAsked()
    this.#showIfRevived()
  }

  #showIfRevived(): void {
    if (!this.#revival?.done) return
    const { held } = this.#revival
    this.#revival = undefined
    const older = this.#store
    this.#store = new DocumentStore(this.#ids)
    for (const message of held) if (isData(message)) this.#applyData(message, tellNobody)
    for (const [name, change] of this.#store.changesSince(older)) this.#tell(name, change)
    for (const message of held) if (!isData(message)) this.#apply(message)
    this.#handlers.onRevived()
  }

  #apply(message: RevivalMessage): void {
    switch (message.msg) {
      case 'ready':
        for (const id of message.subs) this.#handlers.onReady(id)
        return
      case 'updated':
        for (const id of message.methods) this.#handlers.onUpdated(id)
        return
      case 'nosub':
        this.#handlers.onNosub(message)
        return
      case 'added':
      case 'changed':
      case 'removed':
      case 'addedBefore':
      case 'movedBefore':
        this.#applyData(message, this.#tell)
    }
  }

  #applyData(message: DataMessage, tell: TellChange): void {
    const { msg, collection } = message
    try {
      if (this.#store.apply(message, tell)) return
      this.#logger.debug({ msg, collection, id: message.id.slice(0, longestIdLogged) }, 'The server sent a data message that contradicts earlier ones')
    } catch (error) {
      if (!(error instanceof EJSONError)) throw error
      this.#logger.warn({ msg, collection, reason: error.message }, 'The server sent a message that makes no sense')
    }
  }
}

/** An id is as long as the server likes. */
const longestIdLogged = 100

/** While messages that were held back are taken in: the differences are told at the end. */
const tellNobody: TellChange = () => undefined

function isData(message: RevivalMessage): message is DataMessage {
  return message.msg !== 'ready' && message.msg !== 'updated' && message.msg !== 'nosub'
}
