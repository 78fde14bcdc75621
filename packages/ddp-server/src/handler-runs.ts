import type { WireError } from '@ddp-cluster/ddp-common'
import { callSafely, isPromiseLike } from '@ddp-cluster/ddp-common/internal'
import type { Connection } from './connection.js'
import type { PublishedId } from './document-ids.js'
import { DDPServerError } from './errors.js'
import type { MethodInvocation } from './method-invocation.js'
import type { Publication } from './publication.js'
import type { MethodCall } from './session/session.js'
import type { Subscription } from './session/subscription.js'

/** Session as its running handlers use it. */
export interface HandlerHost {
  readonly connection: Connection
  readonly userId: string | null
  unblock(work: MethodCall | Subscription): void
  changeUser(userId: string | null): Promise<void>
  /** The text of a document's id in messages. @throws DDPServerError `invalid-document` */
  textOfId(id: PublishedId): string
  added(subscription: Subscription, collection: string, id: string, fields: Record<string, unknown>): void
  changed(subscription: Subscription, collection: string, id: string, fields: Record<string, unknown>): void
  removed(subscription: Subscription, collection: string, id: string): void
  ready(subscription: Subscription): void
  stop(subscription: Subscription, error?: WireError): void
  redact(thrown: unknown, context: object): WireError
}

type Outcome = { readonly error: WireError } | { readonly result: unknown }

/** `this` of one method call. */
export class MethodRun implements MethodInvocation {
  readonly isSimulation = false
  readonly connection: Connection
  readonly randomSeed: unknown
  readonly #host: HandlerHost
  readonly #call: MethodCall
  #userId: string | null
  #unblocked = false
  #userChange: Promise<void> | undefined

  constructor(host: HandlerHost, call: MethodCall) {
    this.#host = host
    this.#call = call
    this.#userId = host.userId
    this.connection = host.connection
    this.randomSeed = call.randomSeed
  }

  get userId(): string | null {
    return this.#userId
  }

  /** Calls the handler and says once how it ended: at once where the handler is not asynchronous. */
  run(ended: (outcome: Outcome) => void): void {
    let returned: unknown
    try {
      returned = this.#call.handler.apply(this, this.#call.params)
    } catch (thrown) {
      this.#end(thrown, true, ended)
      return
    }
    if (isPromiseLike(returned)) {
      Promise.resolve(returned).then((result) => this.#end(result, false, ended), (thrown: unknown) => this.#end(thrown, true, ended))
    } else {
      this.#end(returned, false, ended)
    }
  }

  setUserId(userId: string | null): Promise<void> {
    if (userId !== null && typeof userId !== 'string') {
      throw new DDPServerError('invalid-user-id', `setUserId takes a string or null, not ${typeof userId}`)
    }
    if (this.#unblocked) throw new DDPServerError('unblocked', 'setUserId cannot be called after unblock: later messages may be running')
    this.#userId = userId
    const change = this.#host.changeUser(userId)
    // The method's end looks at it too; until then nobody may, and that is no fault.
    change.catch(() => undefined)
    this.#userChange = change
    return change
  }

  unblock(): void {
    this.#unblocked = true
    this.#host.unblock(this.#call)
  }

  #end(value: unknown, isThrown: boolean, ended: (outcome: Outcome) => void): void {
    if (this.#userChange === undefined) {
      ended(this.#outcome(value, isThrown))
    } else {
      this.#userChange.then(() => ended(this.#outcome(value, isThrown)), (thrown: unknown) => ended(this.#outcome(thrown, true)))
    }
  }

  #outcome(value: unknown, isThrown: boolean): Outcome {
    return isThrown ? { error: this.#host.redact(value, { method: this.#call.name }) } : { result: value }
  }
}

/** `this` of one subscription. */
export class PublicationRun implements Publication {
  readonly connection: Connection
  readonly userId: string | null
  readonly subscriptionId: string | null
  /** Resolves when the handler has returned, or said that it goes on on its own: ready, unblocked, or stopped. Never rejects. */
  readonly settled: Promise<void>
  readonly #host: HandlerHost
  readonly #subscription: Subscription
  #settle: () => void = () => undefined
  #stopHandlers: (() => unknown)[] = []

  constructor(host: HandlerHost, subscription: Subscription) {
    this.#host = host
    this.#subscription = subscription
    this.connection = host.connection
    this.userId = subscription.userId
    this.subscriptionId = subscription.id
    this.settled = new Promise((resolve) => {
      this.#settle = resolve
    })
  }

  run(returned: () => void): void {
    let result: unknown
    try {
      result = this.#subscription.handler.apply(this, [...this.#subscription.params])
    } catch (thrown) {
      this.error(thrown)
    }
    const end = (): void => {
      this.#settle()
      returned()
    }
    if (!isPromiseLike(result)) {
      end()
      return
    }
    Promise.resolve(result).then(end, (thrown: unknown) => {
      this.error(thrown)
      end()
    })
  }

  added(collection: string, id: PublishedId, fields: Record<string, unknown>): void {
    if (this.#isActive()) this.#host.added(this.#subscription, collection, this.#host.textOfId(id), fields)
  }

  changed(collection: string, id: PublishedId, fields: Record<string, unknown>): void {
    if (this.#isActive()) this.#host.changed(this.#subscription, collection, this.#host.textOfId(id), fields)
  }

  removed(collection: string, id: PublishedId): void {
    if (this.#isActive()) this.#host.removed(this.#subscription, collection, this.#host.textOfId(id))
  }

  ready(): void {
    if (!this.#isActive()) return
    this.#host.ready(this.#subscription)
    this.#settle()
  }

  error(error: unknown): void {
    const wire = this.#host.redact(error, { publication: this.#subscription.name })
    if (this.#isActive()) this.#host.stop(this.#subscription, wire)
  }

  stop(): void {
    if (this.#isActive()) this.#host.stop(this.#subscription)
  }

  onStop(handler: () => unknown): void {
    if (this.#isActive()) this.#stopHandlers.push(handler)
    else this.#callStopHandler(handler)
  }

  unblock(): void {
    this.#settle()
    this.#host.unblock(this.#subscription)
  }

  /** The subscription has stopped. */
  stopped(): void {
    this.#settle()
    const handlers = this.#stopHandlers
    this.#stopHandlers = []
    for (const handler of handlers) this.#callStopHandler(handler)
  }

  #isActive(): boolean {
    return this.#subscription.state !== 'stopped'
  }

  /** A handler that throws does not keep the others from their clean-up. */
  #callStopHandler(handler: () => unknown): void {
    callSafely(handler, (thrown) => this.#host.redact(thrown, { publication: this.#subscription.name, in: 'onStop' }))
  }
}
