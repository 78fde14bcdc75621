import { DDPError, EJSON, type Logger, type WireError } from '@ddp-cluster/ddp-common'
import { type Clock, Timers } from '@ddp-cluster/ddp-common/internal'
import type { Connection as DialledConnection } from '@ddp-cluster/ddp-client/internal'
import type { Connection, DDPServer } from '@ddp-cluster/ddp-server'
import { CallError, ClusterError } from '../errors.js'
import { messageOf } from '../text-of.js'
import { AnswerPace } from './answer-pace.js'
import { asSent, type PeerMethod, PeerMethods, refusals, type Room } from './peer-methods.js'
import { type CallOptions, type CallRequest, prepareCall } from './request.js'

/** The one DDP method behind all calls between instances: `[name, params]`. */
export const callMethod = 'cluster.call'

/** Outcome of `callAll()` for one member, in the shape of `Promise.allSettled()`, with the member's id. */
export type CallOutcome = PromiseSettledResult<unknown> & {
  /** Id of the member. */
  readonly id: string
}

/** How a member can be reached at this moment. */
export type Reach =
  | { readonly kind: 'linked'; readonly connection: DialledConnection }
  /** New peer, which will be linked or suspect soon. */
  | { readonly kind: 'joining' }
  | { readonly kind: 'suspect'; readonly reason: string }
  /** No member. */
  | { readonly kind: 'left' }

export interface CallsOptions {
  readonly ddpServer: Pick<DDPServer, 'method'>
  readonly selfId: string
  readonly clock: Clock
  readonly logger: Logger
  /** The id of the peer whose session this is; throws for anybody else. */
  readonly requirePeer: (connection: Connection) => string
  readonly reach: (id: string) => Reach
  /** The ids of everyone else in the cluster. */
  readonly memberIds: () => readonly string[]
}

interface Pending {
  readonly id: string
  readonly request: CallRequest
  /** Monotonic. */
  readonly deadline: number
  readonly resolve: (result: unknown) => void
  readonly reject: (error: Error) => void
  /** A call that has left is never sent again, whatever becomes of the link. */
  state: 'waiting' | 'sent'
}

/** How long after its time a call is forgotten by the connection too. */
const forgetAfterMs = 1000

/** More calls than this that wait for their answers are a fault of the application. */
const mostPending = 10_000

/** Calls to other instances, over the links that this one dialled, and the methods that it offers to them. */
export class Calls {
  readonly #options: CallsOptions
  readonly #timers: Timers
  readonly #methods: PeerMethods
  readonly #pace: AnswerPace
  readonly #pending = new Set<Pending>()
  #state: 'open' | 'closed' = 'open'

  constructor(options: CallsOptions) {
    this.#options = options
    const { ddpServer, clock, logger, requirePeer } = options
    this.#timers = new Timers(clock)
    this.#methods = new PeerMethods(logger)
    this.#pace = new AnswerPace(clock)
    const [methods, pace] = [this.#methods, this.#pace]
    ddpServer.method(callMethod, function (name, params) {
      const { connection } = this
      const from = requirePeer(connection)
      // A call that waits must not hold up the next one.
      this.unblock()
      return methods.run(from, name, params, (bytes) => pace.room(connection, bytes))
    })
  }

  /** The application can offer methods now; what peers have called meanwhile runs a turn later. */
  open(): void {
    this.#timers.after(0, () => this.#methods.open())
  }

  method(name: string, handler: PeerMethod): () => void {
    return this.#methods.add(name, handler)
  }

  async call(id: string, method: string, params: readonly unknown[] = [], options?: CallOptions): Promise<unknown> {
    if (typeof id !== 'string') throw new ClusterError('invalid-call', 'an instance is called by its id, a string')
    const request = prepareCall(method, params, options)
    return this.#start(id, request, request.params)
  }

  async callAll(method: string, params: readonly unknown[] = [], options?: CallOptions): Promise<readonly CallOutcome[]> {
    const request = prepareCall(method, params, options)
    const { selfId, memberIds } = this.#options
    const outcome = (id: string): Promise<CallOutcome> =>
      this.#start(id, request, request.params).then(
        (value) => ({ id, status: 'fulfilled', value }),
        (reason: unknown) => ({ id, status: 'rejected', reason }),
      )
    return Promise.all([selfId, ...memberIds()].map(outcome))
  }

  /** Somebody's state changed: calls that wait for a link go, or fail. */
  membersChanged(): void {
    for (const pending of this.#pending) if (pending.state === 'waiting') this.#go(pending, undefined)
  }

  /** Refuses new calls, from here and from peers, and settles those that wait. Resolves when what runs for others has ended, at the latest after `timeoutMs`. */
  async close(timeoutMs: number): Promise<void> {
    if (this.#state === 'closed') return
    this.#state = 'closed'
    const idle = this.#methods.close()
    for (const { id, request, state, reject } of this.#pending) {
      reject(new CallError('closed', id, `the cluster was closed before "${request.method}" was ${state === 'sent' ? 'answered' : 'sent'}`))
    }
    this.#timers.clear()
    await Promise.race([idle, new Promise<void>((resolve) => this.#timers.after(timeoutMs, resolve))])
    this.#timers.clear()
    this.#pace.close()
  }

  #start(id: string, request: CallRequest, params: readonly unknown[]): Promise<unknown> {
    const { timeoutMs } = request
    return new Promise((resolvePromise, rejectPromise) => {
      if (this.#state === 'closed') throw new CallError('closed', id, 'the cluster was closed; nothing can be called any more')
      if (this.#pending.size >= mostPending) throw new CallError('too-many-calls', id, `${mostPending} calls are waiting for their answers already`)
      const cancel = this.#timers.deadline(timeoutMs, () => pending.reject(tooLate(pending)))
      const settle = (): void => {
        cancel()
        this.#pending.delete(pending)
      }
      const pending: Pending = {
        id,
        request,
        deadline: this.#options.clock.now() + timeoutMs,
        resolve: (result) => {
          settle()
          resolvePromise(result)
        },
        reject: (error) => {
          settle()
          rejectPromise(error)
        },
        state: 'waiting',
      }
      this.#pending.add(pending)
      this.#go(pending, params)
    })
  }

  /** Sends the call if it can be; `params` are the application's own, while nobody can have changed them since they were looked at. */
  #go(pending: Pending, params: readonly unknown[] | undefined): void {
    const { id, request: { method, text }, deadline } = pending
    if (id === this.#options.selfId) {
      pending.state = 'sent'
      void this.#callSelf(pending)
      return
    }
    const reach = this.#options.reach(id)
    switch (reach.kind) {
      case 'linked':
        pending.state = 'sent'
        reach.connection
          .call(callMethod, [method, params ?? EJSON.parse(text)], { timeoutMs: Math.max(0, deadline - this.#options.clock.now()) + forgetAfterMs })
          .then(pending.resolve, (error: unknown) => pending.reject(explain(error, pending)))
        return
      case 'joining':
        return
      case 'suspect':
        pending.reject(new CallError('suspect', id, `${id} cannot be reached (${reach.reason}): "${method}" was not sent`, { reason: reach.reason }))
        return
      case 'left':
        pending.reject(new CallError('left', id, `${id} is no member of the cluster, or no more: "${method}" was not sent`))
    }
  }

  /** Runs a call to this instance as over the wire: asynchronously, with copies, and with redacted errors. */
  async #callSelf(pending: Pending): Promise<void> {
    const { id, request: { method, text } } = pending
    await Promise.resolve()
    try {
      pending.resolve(asSent(await this.#methods.run(id, method, EJSON.parse(text), ample)))
    } catch (error) {
      // The caller gets a copy of the error, as over the wire.
      pending.reject(explain(error instanceof DDPError ? DDPError.fromWire(asSent(error.toWire()) as WireError) : error, pending))
    }
  }
}

/** No socket has to take the answer. */
const ample: Room = () => Promise.resolve()

function tooLate({ id, state, request: { method, timeoutMs } }: Pending): CallError {
  if (state === 'sent') return new CallError('timeout', id, `${id} did not answer "${method}" within ${timeoutMs} ms; it may have run, or run yet`)
  return new CallError('suspect', id, `${id} was not linked within ${timeoutMs} ms: "${method}" was not sent`, { reason: 'not linked yet' })
}

/** Error for the caller, from a rejection of the connection. */
function explain(error: unknown, pending: Pending): Error {
  const { id, request: { method } } = pending
  if (error instanceof DDPError) {
    if (error.error === refusals.leaving) return new CallError('left', id, `${id} is leaving the cluster: it did not run "${method}"`)
    if (error.error === refusals.busy) return new CallError('too-many-calls', id, `${id} did not run "${method}": ${error.reason ?? ''}`)
    return error
  }
  return new CallError('outcome-unknown', id, `no answer of ${id} to "${method}", which may have run: ${messageOf(error)}`, { cause: error })
}
