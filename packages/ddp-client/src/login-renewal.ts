import { DDPError, type WireError } from '@ddp-cluster/ddp-common'
import { backoffDelayMs, type Timers } from '@ddp-cluster/ddp-common/internal'
import { ConnectionError } from './connection-end.js'
import { loginResult, type LoginMethod, type LoginResult } from './login.js'
import type { MethodOutcome } from './method-queue.js'

export interface RenewalHost {
  /** Calls the login method ahead of all other methods, and returns the id of the call. The outcome goes to `noteOutcome`. */
  send(login: LoginMethod): string
  /** Forgets that call. */
  drop(id: string): void
  onTaken(result: LoginResult, login: LoginMethod): void
  /** The server knows these credentials no more. */
  onRefused(error: DDPError): void
  /** The server did not take the login for another reason; it is sent again after `delayMs`. */
  onPending(error: Error, delayMs: number): void
}

type State =
  | { readonly kind: 'idle' }
  | { readonly kind: 'asking'; readonly id: string; readonly login: LoginMethod; readonly cancel: () => void }
  | { readonly kind: 'waiting'; readonly cancel: () => void }

/** How long the server may take to answer a login, in milliseconds. */
const answerTimeoutMs = 30_000

/** Bounds of what a server may ask for in `timeToReset`, in milliseconds. */
const shortestResetMs = 100
const longestResetMs = 300_000

/** Delays after a failure that names none: about 1.2 s, then 2.2 times as long each, with a jitter of 25 %. */
const backoff = Object.freeze({ baseMs: 250, maxMs: 60_000 })

/** Logs a new session in as the session before was, as often as it takes: only the error 403 says that the credentials are no good. */
export class LoginRenewal {
  readonly #timers: Timers
  readonly #host: RenewalHost
  #state: State = { kind: 'idle' }
  #failures = 0

  constructor(timers: Timers, host: RenewalHost) {
    this.#timers = timers
    this.#host = host
  }

  start(login: LoginMethod): void {
    this.#failures = 0
    this.#ask(login)
  }

  /** Ends it, wherever it is. */
  stop(): void {
    const state = this.#state
    this.#state = { kind: 'idle' }
    if (state.kind !== 'idle') state.cancel()
    if (state.kind === 'asking') this.#host.drop(state.id)
  }

  noteOutcome(id: string, { error, result }: MethodOutcome): void {
    const login = this.#takeAnswered(id)
    if (!login) return
    const taken = error ? undefined : loginResult(result)
    if (taken) this.#host.onTaken(taken, login)
    else if (error && isRefusal(error)) this.#host.onRefused(DDPError.fromWire(error))
    else if (error) this.#wait(login, DDPError.fromWire(error), resetMs(error))
    else this.#wait(login, new ConnectionError('bad-answer', `The method ${login.name} did not answer with the id of a user`))
  }

  /** The call can get no answer. Returns false if it is another's call. */
  noteFailed(id: string, error: Error): boolean {
    const login = this.#takeAnswered(id)
    if (login) this.#wait(login, error)
    return login !== undefined
  }

  #ask(login: LoginMethod): void {
    const id = this.#host.send(login)
    const cancel = this.#timers.deadline(answerTimeoutMs, () => {
      this.noteFailed(id, new ConnectionError('timeout', `The method ${login.name} was not answered within ${answerTimeoutMs} ms`))
    })
    this.#state = { kind: 'asking', id, login, cancel }
  }

  #takeAnswered(id: string): LoginMethod | undefined {
    const state = this.#state
    if (state.kind !== 'asking' || state.id !== id) return undefined
    this.stop()
    return state.login
  }

  #wait(login: LoginMethod, error: Error, resetMs?: number): void {
    this.#failures += 1
    // Without the two attempts after 10 ms that suit a lost socket: the server is there, and has too much to do.
    const delayMs = resetMs ?? backoffDelayMs(this.#failures + 1, Math.random(), backoff)
    this.#state = { kind: 'waiting', cancel: this.#timers.after(delayMs, () => this.#ask(login)) }
    this.#host.onPending(error, delayMs)
  }
}

/** Some servers write the number as text. */
function isRefusal({ error }: WireError): boolean {
  return String(error) === '403'
}

/** Delay that Meteor's rate limiter tells in the details of `too-many-requests`. */
function resetMs({ details }: WireError): number | undefined {
  const { timeToReset } = typeof details === 'object' && details !== null ? (details as { timeToReset?: unknown }) : {}
  return typeof timeToReset === 'number' && timeToReset >= 0 ? Math.min(Math.max(timeToReset, shortestResetMs), longestResetMs) : undefined
}
