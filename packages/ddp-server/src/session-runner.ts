import type { DataMessage, Logger, ServerMessage, WireError } from '@ddp-cluster/ddp-common'
import { type Clock, Timers } from '@ddp-cluster/ddp-common/internal'
import type { Connection } from './connection.js'
import type { PublishedId, TextOfId } from './document-ids.js'
import { DDPServerError, internalError } from './errors.js'
import { MethodRun, PublicationRun, type HandlerHost } from './handler-runs.js'
import type { PublicationHandler } from './publication.js'
import { toWireError } from './redaction.js'
import { logName } from './session/log-name.js'
import type { Session, MethodCall, SessionEffect, SessionMessage } from './session/session.js'
import type { Subscription } from './session/subscription.js'

export interface SessionRunnerOptions {
  readonly session: Session
  readonly connection: Connection
  readonly clock: Clock
  readonly logger: Logger
  readonly textOfId: TextOfId
  /** Throws what `stringifyMessage` throws. */
  readonly send: (message: ServerMessage) => void
  /** Something ended or lets others begin: `advance()` is to be called, in this turn or at its end. */
  readonly onProgress: () => void
}

/** How long a change of user waits for the publications that start over. */
const longestRestartMs = 10_000

/** Does what a session says: calls the handlers of methods and publications, and brings their outcome back to it. */
export class SessionRunner implements HandlerHost {
  readonly connection: Connection
  readonly #options: SessionRunnerOptions
  readonly #session: Session
  readonly #timers: Timers
  readonly #publications = new Map<Subscription, PublicationRun>()
  /** The last change of user that was asked for: a method that was unblocked may ask before the one before it is through. Never rejects. */
  #userChanged: Promise<void> = Promise.resolve()
  #hasEnded = false

  constructor(options: SessionRunnerOptions) {
    this.#options = options
    this.#session = options.session
    this.connection = options.connection
    this.#timers = new Timers(options.clock)
  }

  get userId(): string | null {
    return this.#session.userId
  }

  textOfId(id: PublishedId): string {
    return this.#options.textOfId(id)
  }

  receive(message: SessionMessage, length: number): void {
    this.#perform(this.#session.receive(message, length))
  }

  startUniversal(handlers: readonly PublicationHandler[]): void {
    if (!this.#hasEnded) this.#perform(this.#session.startUniversal(handlers))
  }

  replacePublication(released: PublicationHandler, handler: PublicationHandler): void {
    if (this.#hasEnded) return
    this.#perform(this.#session.replacePublication(released, handler))
    this.#options.onProgress()
  }

  /** Begins up to `share` messages that may begin now; answers how many it began. */
  advance(share: number): number {
    const now = this.#options.clock.now()
    let begun = 0
    while (begun < share && !this.#hasEnded) {
      const effects = this.#session.next(now)
      if (effects === undefined) break
      begun += 1
      this.#perform(effects)
    }
    return begun
  }

  /** The client is gone. Methods that run go on, and nobody hears of them. */
  end(): void {
    this.#hasEnded = true
    this.#timers.clear()
    this.#perform(this.#session.end())
  }

  unblock(work: MethodCall | Subscription): void {
    if (this.#session.unblock(work)) this.#options.onProgress()
  }

  changeUser(userId: string | null): Promise<void> {
    const change = this.#userChanged.then(() => this.#changeUser(userId))
    this.#userChanged = change.catch(() => undefined)
    return change
  }

  async #changeUser(userId: string | null): Promise<void> {
    if (this.#hasEnded || (userId === null && this.#session.userId === null)) return
    const { effects, restarted } = this.#session.beginUserChange(userId)
    this.#perform(effects)
    await this.#settled(restarted)
    if (!this.#hasEnded) this.#perform(this.#session.endUserChange())
  }

  /** The client is told of its publications in one step, unless one of them takes too long: then of what there is. */
  async #settled(restarted: readonly Subscription[]): Promise<void> {
    const runs = restarted.flatMap((subscription) => this.#publications.get(subscription) ?? [])
    let forget = (): void => undefined
    const late = new Promise<void>((resolve) => {
      forget = this.#timers.after(longestRestartMs, () => {
        this.#options.logger.warn({ session: logName(this.#session.id), waitedMs: longestRestartMs }, 'publications that start over for another user are not ready, and a login waits no longer')
        resolve()
      })
    })
    await Promise.race([Promise.all(runs.map(({ settled }) => settled)), late])
    forget()
  }

  added(subscription: Subscription, collection: string, id: string, fields: Record<string, unknown>): void {
    this.#tell(this.#session.published.added(subscription, collection, id, fields), () => this.#session.published.removed(subscription, collection, id))
  }

  changed(subscription: Subscription, collection: string, id: string, fields: Record<string, unknown>): void {
    this.#tell(this.#session.published.changed(subscription, collection, id, fields))
  }

  removed(subscription: Subscription, collection: string, id: string): void {
    this.#tell(this.#session.published.removed(subscription, collection, id))
  }

  ready(subscription: Subscription): void {
    const message = this.#session.ready(subscription)
    if (message !== undefined) this.#options.send(message)
  }

  stop(subscription: Subscription, error?: WireError): void {
    this.#perform(this.#session.stop(subscription, error))
    this.#options.onProgress()
  }

  redact(thrown: unknown, context: object): WireError {
    return toWireError(thrown, this.#options.logger, { ...context, session: logName(this.#session.id) })
  }

  #perform(effects: readonly SessionEffect[]): void {
    for (const effect of effects) {
      switch (effect.kind) {
        case 'send':
          this.#sendOrLog(effect.message)
          break
        case 'call':
          this.#call(effect.call)
          break
        case 'start':
          this.#start(effect.subscription)
          break
        case 'stop':
          this.#publications.get(effect.subscription)?.stopped()
          this.#publications.delete(effect.subscription)
          break
      }
    }
  }

  /** A message that cannot be written does not keep later ones from the client. */
  #sendOrLog(message: ServerMessage): void {
    try {
      this.#options.send(message)
    } catch (thrown) {
      this.#options.logger.error({ err: thrown, msg: message.msg, session: logName(this.#session.id) }, 'a message cannot be written')
      // The end of a subscription has to be told, whatever was to be told with it.
      if (message.msg === 'nosub') this.#options.send({ ...message, error: internalError().toWire() })
    }
  }

  #call(call: MethodCall): void {
    new MethodRun(this, call).run((outcome) => {
      if (this.#hasEnded) return
      const message = this.#session.methodEnded(call, outcome)
      try {
        this.#options.send(message)
      } catch (thrown) {
        this.#options.logger.error({ err: thrown, method: call.name }, 'the answer of a method cannot be written')
        this.#options.send({ msg: 'result', id: call.id, error: internalError().toWire() })
      }
      this.#options.onProgress()
    })
  }

  #start(subscription: Subscription): void {
    const run = new PublicationRun(this, subscription)
    this.#publications.set(subscription, run)
    run.run(() => {
      this.#session.publicationReturned(subscription)
      this.#options.onProgress()
    })
  }

  /** A document that cannot be written is as if it had never been published; the publication hears of it. */
  #tell(message: DataMessage | undefined, undo?: () => void): void {
    if (message === undefined) return
    try {
      this.#options.send(message)
    } catch (cause) {
      if (message.msg === 'added') undo?.()
      throw new DDPServerError('invalid-document', `document ${JSON.stringify(message.id)} cannot be written: ${cause instanceof Error ? cause.message : String(cause)}`, { cause })
    }
  }
}
