import { connect, type ClientStatus, type DDPClient, type Subscription } from '@ddp-cluster/ddp-client'
import type { Credentials } from './credentials.js'
import type { Phase } from './phase.js'
import { problemOf } from './problem.js'
import { readSnapshot, type Snapshot } from './snapshot.js'

/** An operator waits no longer than this for another attempt. */
const patienceMs = 5000

/** Changes that come together are shown together. */
const gatherMs = 40

/** How soon a server that hangs is noticed: so long it may be silent, and so long it may take to answer when it is asked for a sign of life. */
const liveness = { heartbeatIntervalMs: 2000, heartbeatTimeoutMs: 3000 }

/** The publication `instances`, watched with an operator's credentials until `close()`. */
export class Watch {
  readonly #client: DDPClient
  readonly #credentials: Credentials
  readonly #onPhase: (phase: Phase) => void
  readonly #onSnapshot: (snapshot: Snapshot) => void
  #phase: Phase = { kind: 'connecting', note: '' }
  #subscription: Subscription | undefined
  #gathering: number | undefined
  #retry: number | undefined

  constructor(url: string, credentials: Credentials, onPhase: (phase: Phase) => void, onSnapshot: (snapshot: Snapshot) => void) {
    this.#credentials = credentials
    this.#onPhase = onPhase
    this.#onSnapshot = onSnapshot
    this.#client = connect({ url, ...liveness })
    this.#client.on('statusChanged', (status) => this.#onStatus(status))
    for (const name of ['instances', 'instances.timeline']) {
      const collection = this.#client.collection(name)
      for (const change of ['added', 'changed', 'removed'] as const) collection.on(change, () => this.#gather())
    }
    this.#subscribe()
    onPhase(this.#phase)
  }

  /** Tries to connect now. */
  tryNow(): void {
    if (this.#phase.kind === 'waiting') this.#subscribe()
    else this.#client.reconnect()
  }

  close(): void {
    clearTimeout(this.#gathering)
    clearTimeout(this.#retry)
    this.#phase = { kind: 'signed-out', problem: undefined }
    void this.#client.close()
  }

  #subscribe(): void {
    clearTimeout(this.#retry)
    const { userId, authToken } = this.#credentials
    const subscription = this.#client.subscribe('instances', { userId, authToken })
    this.#subscription = subscription
    subscription.ready.then(() => this.#live(), () => undefined)
    void subscription.ended.then((error) => {
      if (this.#subscription === subscription) this.#ended(error)
    })
  }

  #live(): void {
    this.#become({ kind: 'live' })
    this.#gather()
  }

  /** By the server: without an error when the instance is about to leave. */
  #ended(error: unknown): void {
    this.#subscription = undefined
    if (this.#phase.kind === 'signed-out') return
    const problem = problemOf(error)
    if (problem.kind === 'refused') {
      this.#become({ kind: 'signed-out', problem: problem.message })
      return
    }
    this.#retry = setTimeout(() => this.#subscribe(), problem.retryAfterMs)
    this.#become({ kind: 'waiting', since: this.#lostSince(), message: problem.message, retryAt: Date.now() + problem.retryAfterMs })
  }

  #onStatus(status: ClientStatus): void {
    clearTimeout(this.#retry)
    if (status.connected) {
      if (this.#subscription?.isReady) this.#live()
      else if (!this.#subscription) this.#subscribe()
      return
    }
    const note = 'reason' in status ? status.reason ?? '' : ''
    const waitMs = status.status === 'waiting' ? Math.min(status.retryTime - Date.now(), patienceMs) : undefined
    if (waitMs !== undefined) this.#retry = setTimeout(() => this.#client.reconnect(), waitMs)
    const since = this.#lostSince()
    if (since === undefined) this.#become({ kind: 'connecting', note })
    else this.#become({ kind: 'lost', since, reason: note, retryAt: waitMs === undefined ? undefined : Date.now() + waitMs })
  }

  /** Since when what is shown is old; undefined as long as nothing was shown. */
  #lostSince(): number | undefined {
    switch (this.#phase.kind) {
      case 'live': return Date.now()
      case 'lost':
      case 'waiting': return this.#phase.since
      case 'connecting':
      case 'signed-out': return undefined
    }
  }

  #become(phase: Phase): void {
    if (this.#phase.kind === 'signed-out') return
    this.#phase = phase
    this.#onPhase(phase)
  }

  /** Tells what is there, once for all that changes at about the same time; what the server takes back when it ends the subscription is not told. */
  #gather(): void {
    this.#gathering ??= setTimeout(() => {
      this.#gathering = undefined
      if (this.#phase.kind === 'live' && this.#subscription?.isReady) this.#onSnapshot(readSnapshot(this.#client.collection('instances'), this.#client.collection('instances.timeline')))
    }, gatherMs)
  }
}
