import { span, timeOfDay } from './durations.js'
import { byId, setAttribute, setHidden, setText } from './element.js'
import type { Phase } from './phase.js'

/** Says whether what is seen is live, and if not since when and why. */
export class ConnectionLine {
  readonly #line = byId('connection')
  readonly #stale = byId('stale')
  readonly #staleText = byId('stale-text')
  readonly #staleNext = byId('stale-next')

  constructor(onTryNow: () => void) {
    byId('try-now').addEventListener('click', onTryNow)
  }

  show(phase: Phase, now: number): void {
    setAttribute(this.#line, 'data-phase', phase.kind)
    setText(this.#line, lineOf(phase))
    const since = 'since' in phase ? phase.since : undefined
    setAttribute(document.body, 'data-old', since === undefined ? undefined : '')
    setHidden(this.#stale, since === undefined)
    if (since === undefined) return
    const why = phase.kind === 'waiting' ? phase.message : phase.kind === 'lost' && phase.reason !== '' ? `${phase.reason}.` : ''
    setText(this.#staleText, `Not live since ${timeOfDay(new Date(since))}: what is shown is as it was then. ${why}`.trim())
    setText(this.#staleNext, `${span(now - since)} ago. ${nextOf(phase, now)}`)
  }
}

function lineOf(phase: Phase): string {
  switch (phase.kind) {
    case 'signed-out': return 'Logged out'
    case 'connecting': return phase.note === '' ? 'Connecting…' : `Connecting… ${phase.note}`
    case 'live': return 'Live'
    case 'lost': return 'Connection lost'
    case 'waiting': return phase.since === undefined ? `${phase.message} Trying again at ${timeOfDay(new Date(phase.retryAt))}.` : 'Waiting'
  }
}

function nextOf(phase: Phase, now: number): string {
  const retryAt = 'retryAt' in phase ? phase.retryAt : undefined
  return retryAt === undefined || retryAt <= now ? 'Trying again…' : `Next attempt in ${span(retryAt - now + 999)}.`
}
