import type { ConnectMessage } from '@ddp-cluster/ddp-common'
import { Timers } from '@ddp-cluster/ddp-common/internal'
import { Absence } from './absence.js'
import type { ConnectionEnd } from './connection.js'
import { HeldBytes } from './held-bytes.js'
import type { OpenSession } from './open-session.js'
import type { ResolvedOptions } from './options.js'
import type { DDPVersion } from './session/handshake.js'
import type { Turn } from './turn.js'

/** RFC 6455, 7.4.1: the client's page or process goes away, and what it knew of the session with it. */
const goingAwayCode = 1001

/** Bound on the messages held for all absent clients together, in `maxBufferedBytes`: 64 MiB by default. */
const heldBytesFactor = 4

/** Sessions that have lost their sockets, and that their clients may resume. */
export class ResumableSessions {
  readonly #options: ResolvedOptions
  readonly #turn: Turn
  readonly #timers: Timers
  /** By the id of the session, the longest absent first. */
  readonly #absences = new Map<string, Absence>()
  readonly #heldBytes = new HeldBytes()
  #isClosed = false

  constructor(options: ResolvedOptions, turn: Turn) {
    this.#options = options
    this.#turn = turn
    this.#timers = new Timers(options.clock)
  }

  /** Keeps a session whose socket has ended; false for one that has to end with it. */
  keep(session: OpenSession, end: ConnectionEnd): boolean {
    const { resumeWithinMs, maxResumeMessages, maxBufferedBytes } = this.#options
    if (this.#isClosed || resumeWithinMs === 0 || !session.isResumable || !isLoss(end) || !session.expectRepetition()) return false
    // If the timer is late because we were stalled, the client's connect may lie in a socket.
    const cancel = this.#timers.deadline(resumeWithinMs, () => absence.giveUp())
    const absence = new Absence({
      session, end, turn: this.#turn, maxMessages: maxResumeMessages, maxBytes: maxBufferedBytes,
      heldBytes: this.#heldBytes, onHeld: () => this.#boundHeldBytes(),
      onOver: () => {
        cancel()
        this.#absences.delete(session.id)
      },
    })
    this.#absences.set(session.id, absence)
    session.lose(absence)
    return true
  }

  /**
   * The session that a client resumes by its `connect`, which is kept here no longer. Undefined where a new session is to begin; if the client named one
   * that is kept, but has not had all that was sent, that one ends first.
   */
  claim({ session: id, receivedCount }: ConnectMessage, version: DDPVersion): Absence | undefined {
    const absence = typeof id === 'string' ? this.#absences.get(id) : undefined
    if (absence === undefined) return undefined
    if (receivedCount !== absence.sentCount || version !== absence.session.version) {
      absence.giveUp()
      return undefined
    }
    absence.leave()
    return absence
  }

  /** Ends so many sessions, or as many as there are, the longest absent first. */
  makeRoom(count: number): void {
    let left = count
    for (const absence of this.#absences.values()) {
      if (left <= 0) return
      left -= 1
      absence.giveUp()
    }
  }

  /** Ends sessions for which messages are held, the longest absent first, until all messages together are within bounds. */
  #boundHeldBytes(): void {
    const most = heldBytesFactor * this.#options.maxBufferedBytes
    if (this.#heldBytes.total <= most) return
    for (const absence of this.#absences.values()) {
      if (absence.held.length > 0) absence.giveUp()
      if (this.#heldBytes.total <= most) return
    }
  }

  /** Ends all of them, and keeps no more. */
  close(code: number, reason: string): void {
    this.#isClosed = true
    for (const absence of this.#absences.values()) absence.close(code, reason)
  }
}

/** Whether a socket ended by no decision of ours, and of none that the client said was final. */
function isLoss({ cause, code }: ConnectionEnd): boolean {
  switch (cause) {
    case 'peer-closed': return code !== goingAwayCode
    case 'ended':
    case 'reset':
    case 'unreachable':
    case 'heartbeat-timeout': return true
    case 'local':
    case 'protocol':
    case 'slow': return false
  }
}
