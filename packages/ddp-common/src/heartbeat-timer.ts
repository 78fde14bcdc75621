import type { Clock, TimerHandle } from './clock.js'
import type { HeartbeatOptions, HeartbeatStep } from './heartbeat.js'
import { Heartbeat } from './heartbeat.js'
import { afterSocketsArePolled } from './sockets-polled.js'

export interface HeartbeatTimerOptions extends HeartbeatOptions {
  readonly clock: Clock
  readonly sendPing: () => void
  /** The peer is silent. Called once; no timer is left then. */
  readonly onDead: () => void
}

/** A heartbeat that runs: one timer, which `stop()` clears. */
export class HeartbeatTimer {
  readonly #options: HeartbeatTimerOptions
  readonly #heartbeat: Heartbeat
  #timer: TimerHandle
  #stopped = false

  constructor(options: HeartbeatTimerOptions) {
    this.#options = options
    this.#heartbeat = new Heartbeat(options, options.clock.now())
    this.#arm()
  }

  /** A message came, whichever. Cheap: it reads the clock, and moves the timer only when a ping was under way. */
  heard(): void {
    if (this.#heartbeat.heard(this.#options.clock.now())) this.#arm()
  }

  stop(): void {
    this.#stopped = true
    this.#options.clock.clearTimeout(this.#timer)
  }

  #arm(): void {
    const { clock } = this.#options
    const { nextAt } = this.#heartbeat
    if (this.#stopped || nextAt === Number.POSITIVE_INFINITY) return
    clock.clearTimeout(this.#timer)
    this.#timer = clock.setTimeout(() => this.#take(this.#heartbeat.step(clock.now())), Math.max(0, Math.ceil(nextAt - clock.now())))
  }

  #take(step: HeartbeatStep): void {
    if (this.#stopped) return
    switch (step) {
      case 'ping':
        this.#options.sendPing()
        break
      case 'confirm':
        afterSocketsArePolled(() => this.#take(this.#heartbeat.confirm(this.#options.clock.now())))
        return
      case 'dead':
        this.stop()
        this.#options.onDead()
        return
      case 'none':
        break
    }
    this.#arm()
  }
}
