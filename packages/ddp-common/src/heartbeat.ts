export interface HeartbeatOptions {
  /** A ping is due when nothing was heard for so long. 0: no heartbeat at all. */
  readonly intervalMs: number
  /** The peer is dead when nothing was heard for so long after a ping. */
  readonly timeoutMs: number
}

/**
 * What is to be done now: nothing, send a ping, let the sockets be polled once more and then call `confirm`, or give the peer up.
 */
export type HeartbeatStep = 'none' | 'ping' | 'confirm' | 'dead'

type State =
  | { readonly kind: 'listening' }
  | { readonly kind: 'pinged'; readonly deadAt: number }

const listening: State = { kind: 'listening' }

/**
 * Meteor's heartbeat without a timer: whoever owns it calls `heard` for every message, and `step` when `nextAt` has come.
 *
 * A step may come late because this process was stalled, and then what the peer sent meanwhile has not been read yet. So silence is never
 * concluded in one step: `step` says `confirm`, the owner lets the event loop poll the sockets, and only then asks `confirm`.
 */
export class Heartbeat {
  readonly #options: HeartbeatOptions
  #heardAt: number
  #state: State = listening

  /** `now` is the monotonic time in milliseconds, here as in the methods. */
  constructor(options: HeartbeatOptions, now: number) {
    this.#options = options
    this.#heardAt = now
  }

  /** When `step` is to be called next; a call before it does nothing. Infinity without a heartbeat. */
  get nextAt(): number {
    if (this.#options.intervalMs === 0) return Number.POSITIVE_INFINITY
    return this.#state.kind === 'pinged' ? this.#state.deadAt : this.#heardAt + this.#options.intervalMs
  }

  /** A message came, whichever: the peer lives. Whether it ended the wait for an answer, so that `nextAt` may have come nearer. */
  heard(now: number): boolean {
    const answered = this.#state.kind === 'pinged'
    this.#heardAt = now
    this.#state = listening
    return answered
  }

  step(now: number): HeartbeatStep {
    if (now < this.nextAt) return 'none'
    if (this.#state.kind === 'pinged') return 'confirm'
    this.#state = { kind: 'pinged', deadAt: now + this.#options.timeoutMs }
    return 'ping'
  }

  /** The second half of a step that said `confirm`, after the sockets have been polled: `dead`, or `none` because something was heard. */
  confirm(now: number): HeartbeatStep {
    return this.#state.kind === 'pinged' && now >= this.#state.deadAt ? 'dead' : 'none'
  }
}
