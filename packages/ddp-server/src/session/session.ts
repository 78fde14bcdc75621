import type { ClientMessage, ConnectMessage, DisconnectMessage, MethodMessage, PingMessage, ServerMessage, SubMessage, WireError } from '@ddp-cluster/ddp-common'
import { methodNotFound, publicationNotFound, tooManySubscriptions } from '../errors.js'
import type { MethodHandler } from '../method-invocation.js'
import type { PublicationHandler } from '../publication.js'
import type { RateLimiter } from '../rate-limiter.js'
import { Inbox } from './inbox.js'
import { PublishedDocuments } from './published-documents.js'
import type { Registry } from './registry.js'
import { Subscription } from './subscription.js'

/** A method call that has begun. */
export interface MethodCall {
  readonly id: string
  readonly name: string
  readonly params: unknown[]
  readonly randomSeed: unknown
  readonly handler: MethodHandler
}

/** Effects for the shell to execute, in order. */
export type SessionEffect =
  | { readonly kind: 'send'; readonly message: ServerMessage }
  /** Call the handler, and say `methodEnded` when it has. */
  | { readonly kind: 'call'; readonly call: MethodCall }
  /** Call the handler, and say `publicationReturned` when it has. */
  | { readonly kind: 'start'; readonly subscription: Subscription }
  /** Call what the handler left to be called at its end. */
  | { readonly kind: 'stop'; readonly subscription: Subscription }

export interface SessionOptions {
  readonly id: string
  readonly clientAddress: string
  readonly registry: Registry
  readonly rateLimiter: RateLimiter
  readonly limits: SessionLimits
}

/** Limits of a session, as in the options of the server. */
export interface SessionLimits {
  readonly maxQueuedMessages: number
  readonly maxSubscriptions: number
  readonly maxBufferedBytes: number
}

const nothing: readonly SessionEffect[] = Object.freeze([])
const send = (message: ServerMessage): SessionEffect => ({ kind: 'send', message })

/** Ids of methods and of subscriptions. */
interface Heard {
  readonly methods: Set<string>
  readonly subscriptions: Set<string>
}

/** Meteor's ids have at most 17 characters. Bounds, with the numbers of messages and subscriptions, what the ids cost that are kept. */
const longestIdHeard = 100

/** Messages for an open session; `connect` has been dealt with. */
export type SessionMessage = Exclude<ClientMessage, ConnectMessage>
type OrderedMessage = Exclude<SessionMessage, DisconnectMessage | PingMessage | { msg: 'pong' }>

/**
 * One client's session, without sockets, timers and promises: it is told what came and what handlers did, and answers with what is to be
 * done. Times are monotonic milliseconds.
 */
export class Session {
  readonly published: PublishedDocuments
  readonly #options: SessionOptions
  readonly #inbox = new Inbox<OrderedMessage, MethodCall | Subscription>()
  #subscriptions = new Map<string, Subscription>()
  #universal: Subscription[] = []
  /** How long the messages that asked for the subscriptions were together. */
  #subscribedLength = 0
  #userId: string | null = null
  /** Ids of methods that have ended and of which the client has not been told that all their writes are out. */
  #updated: string[] = []
  /** While publications start over for another user: the ids that became ready meanwhile. */
  #readyLater: string[] | undefined
  /** After the loss of a socket: what the client had asked for before, and may ask for again without knowing that it was heard. */
  #heard: Heard | undefined

  constructor(options: SessionOptions) {
    this.#options = options
    this.published = new PublishedDocuments((collection) => options.registry.strategy(collection))
  }

  get id(): string {
    return this.#options.id
  }

  get userId(): string | null {
    return this.#userId
  }

  /** Whether so much waits or is at work that nothing more is to be taken in, */
  get isFull(): boolean {
    const { maxQueuedMessages, maxBufferedBytes } = this.#options.limits
    return this.#inbox.size >= maxQueuedMessages || this.#inbox.waitingLength > maxBufferedBytes
  }

  /** and whether half of it is done. */
  get hasRoom(): boolean {
    const { maxQueuedMessages, maxBufferedBytes } = this.#options.limits
    return this.#inbox.size <= maxQueuedMessages / 2 && this.#inbox.waitingLength <= maxBufferedBytes / 2
  }

  /** A message came, of a text of this length. What need not keep order is answered at once; the rest waits for `next()`. */
  receive(message: SessionMessage, length: number): readonly SessionEffect[] {
    switch (message.msg) {
      case 'ping': return [send(message.id === undefined ? { msg: 'pong' } : { msg: 'pong', id: message.id })]
      case 'disconnect': return nothing
      case 'pong':
        // Answers a ping of the new socket: the client has read that its session goes on, and has repeated what it repeats.
        this.#heard = undefined
        return nothing
      case 'method':
      case 'sub':
      case 'unsub':
        if (this.#heard === undefined || !this.#isRepetition(message, this.#heard)) this.#inbox.push({ message, length })
        return nothing
    }
  }

  /**
   * The socket is lost: methods that have no result yet, and subscriptions, may be asked for once more by their ids.
   * @returns false where their ids are too long to be kept: the session cannot go on then
   */
  expectRepetition(): boolean {
    const methods = new Set<string>()
    const subscriptions = new Set(this.#subscriptions.keys())
    for (const { message } of this.#inbox.waiting) {
      if (message.msg === 'method') methods.add(message.id)
      else if (message.msg === 'sub') subscriptions.add(message.id)
    }
    for (const work of this.#inbox.atWork) if (!(work instanceof Subscription)) methods.add(work.id)
    for (const id of [...methods, ...subscriptions]) if (id.length > longestIdHeard) return false
    this.#heard = { methods, subscriptions }
    return true
  }

  /** Begins the next message; `undefined` while there is none that may begin. */
  next(now: number): readonly SessionEffect[] | undefined {
    const received = this.#inbox.next(this.#options.limits.maxQueuedMessages)
    if (received === undefined) return undefined
    const { message, length } = received
    switch (message.msg) {
      case 'method': return this.#method(message, now)
      case 'sub': return this.#afterUpdated(this.#sub(message, length, now))
      case 'unsub': return this.#afterUpdated(this.#unsub(message.id))
    }
  }

  /** Lets the next message begin; `next()` may have one then if it answers true. */
  unblock(work: MethodCall | Subscription): boolean {
    return this.#inbox.unblock(work)
  }

  methodEnded(call: MethodCall, outcome: { readonly error: WireError } | { readonly result: unknown }): ServerMessage {
    this.#inbox.end(call)
    this.#updated.push(call.id)
    return { msg: 'result', id: call.id, ...outcome }
  }

  /** To be sent at the end of a turn, and before what answers a later message of another kind: that the methods which ended have no writes left to tell of. */
  takeUpdated(): ServerMessage | undefined {
    if (this.#updated.length === 0) return undefined
    const methods = this.#updated
    this.#updated = []
    return { msg: 'updated', methods }
  }

  startUniversal(handlers: readonly Subscription['handler'][]): readonly SessionEffect[] {
    return handlers.map((handler) => {
      const subscription = new Subscription(null, '', [], handler, this.#userId)
      this.#universal.push(subscription)
      return { kind: 'start', subscription }
    })
  }

  publicationReturned(subscription: Subscription): void {
    this.#inbox.end(subscription)
  }

  ready(subscription: Subscription): ServerMessage | undefined {
    if (subscription.state !== 'starting') return undefined
    subscription.state = 'ready'
    if (subscription.id === null) return undefined
    if (this.#readyLater === undefined) return { msg: 'ready', subs: [subscription.id] }
    this.#readyLater.push(subscription.id)
    return undefined
  }

  /** A publication stops itself: its documents go, then the client hears `nosub`. */
  stop(subscription: Subscription, error?: WireError): readonly SessionEffect[] {
    if (subscription.state === 'stopped') return nothing
    const effects = this.published.withdraw(subscription).map(send)
    this.#deactivate(subscription, effects)
    if (subscription.id === null) {
      this.#universal = this.#universal.filter((other) => other !== subscription)
      return effects
    }
    if (this.#subscriptions.delete(subscription.id)) this.#subscribedLength -= subscription.length
    effects.push(send(error === undefined ? { msg: 'nosub', id: subscription.id } : { msg: 'nosub', id: subscription.id, error }))
    return effects
  }

  /** Subscriptions that run with the handler `released` stop, and start over with `handler`; the client keeps them. */
  replacePublication(released: PublicationHandler, handler: PublicationHandler): readonly SessionEffect[] {
    const effects: SessionEffect[] = []
    for (const [id, old] of this.#subscriptions) {
      if (old.handler !== released) continue
      for (const message of this.published.withdraw(old)) effects.push(send(message))
      this.#deactivate(old, effects)
      const subscription = old.again(this.#userId, handler)
      this.#subscriptions.set(id, subscription)
      this.#inbox.beginUnblocked(subscription)
      effects.push({ kind: 'start', subscription })
    }
    return effects
  }

  /** The session has another user: all publications stop and start over, and what they publish is not told before `endUserChange()`. */
  beginUserChange(userId: string | null): { readonly effects: readonly SessionEffect[]; readonly restarted: readonly Subscription[] } {
    const old = [...this.#subscriptions.values(), ...this.#universal]
    const effects: SessionEffect[] = []
    for (const subscription of old) {
      for (const message of this.published.withdrawUnmerged(subscription)) effects.push(send(message))
      this.#deactivate(subscription, effects)
    }
    this.published.hide()
    this.#readyLater = []
    this.#userId = userId
    const restarted = old.map((subscription) => subscription.again(userId))
    this.#subscriptions = new Map()
    this.#universal = []
    for (const subscription of restarted) {
      if (subscription.id === null) this.#universal.push(subscription)
      else this.#subscriptions.set(subscription.id, subscription)
      this.#inbox.beginUnblocked(subscription)
      effects.push({ kind: 'start', subscription })
    }
    return { effects, restarted }
  }

  endUserChange(): readonly SessionEffect[] {
    const effects = this.published.show().map(send)
    const subs = this.#readyLater ?? []
    this.#readyLater = undefined
    if (subs.length > 0) effects.push(send({ msg: 'ready', subs }))
    return effects
  }

  /** The client is gone: nothing is sent any more, and every publication stops. */
  end(): readonly SessionEffect[] {
    const effects: SessionEffect[] = []
    for (const subscription of [...this.#subscriptions.values(), ...this.#universal]) this.#deactivate(subscription, effects)
    this.#subscriptions.clear()
    this.#subscribedLength = 0
    this.#universal = []
    this.#updated = []
    this.#inbox.clear()
    return effects
  }

  /** Meteor says `updated` before it begins the next message; of methods in a row one message says it here. */
  #afterUpdated(effects: readonly SessionEffect[]): readonly SessionEffect[] {
    const updated = this.takeUpdated()
    return updated === undefined ? effects : [send(updated), ...effects]
  }

  #method(message: MethodMessage, now: number): readonly SessionEffect[] {
    const { id, method: name, params = [], randomSeed = null } = message
    const handler = this.#options.registry.method(name)
    const error = handler === undefined ? methodNotFound(name) : this.#refusal('method', name, now)
    if (handler === undefined || error !== undefined) {
      this.#updated.push(id)
      return [send({ msg: 'result', id, error: (error ?? methodNotFound(name)).toWire() })]
    }
    const call: MethodCall = { id, name, params, randomSeed, handler }
    this.#inbox.begin(call)
    return [{ kind: 'call', call }]
  }

  #sub(message: SubMessage, length: number, now: number): readonly SessionEffect[] {
    const { id, name, params = [] } = message
    const handler = this.#options.registry.publication(name)
    if (handler === undefined) return [send({ msg: 'nosub', id, error: publicationNotFound(name).toWire() })]
    // A client that reconnects may say again what it has said: the subscription that runs stays as it is.
    if (this.#subscriptions.has(id)) return nothing
    const { maxSubscriptions, maxBufferedBytes } = this.#options.limits
    const isTooMuch = this.#subscriptions.size >= maxSubscriptions || this.#subscribedLength + length > maxBufferedBytes
    const error = isTooMuch ? tooManySubscriptions(maxSubscriptions, maxBufferedBytes) : this.#refusal('subscription', name, now)
    if (error !== undefined) return [send({ msg: 'nosub', id, error: error.toWire() })]
    const subscription = new Subscription(id, name, params, handler, this.#userId, length)
    this.#subscriptions.set(id, subscription)
    this.#subscribedLength += length
    this.#inbox.begin(subscription)
    return [{ kind: 'start', subscription }]
  }

  #unsub(id: string): readonly SessionEffect[] {
    const subscription = this.#subscriptions.get(id)
    return subscription === undefined ? [send({ msg: 'nosub', id })] : this.stop(subscription)
  }

  /**
   * Each is passed over once: a client may use an id again for something new. Clients repeat in the order of the first time, and each kind before what is
   * new of that kind (Meteor's: all methods, then all subscriptions), so nothing behind a new one is a repetition.
   */
  #isRepetition({ msg, id }: OrderedMessage, { methods, subscriptions }: Heard): boolean {
    if (msg === 'unsub') {
      subscriptions.delete(id)
      return false
    }
    const heard = msg === 'method' ? methods : subscriptions
    if (heard.delete(id)) return true
    heard.clear()
    return false
  }

  #refusal(type: 'method' | 'subscription', name: string, now: number): ReturnType<RateLimiter['refusal']> {
    const { rateLimiter, clientAddress, id } = this.#options
    return rateLimiter.refusal({ type, name, userId: this.#userId, clientAddress, connectionId: id }, now)
  }

  #deactivate(subscription: Subscription, effects: SessionEffect[]): void {
    subscription.state = 'stopped'
    // Its handler may still run: it holds nobody back, and counts until it has ended.
    this.#inbox.unblock(subscription)
    effects.push({ kind: 'stop', subscription })
  }
}
