import type { Received } from './reader.js'

/** Losses are told apart by sender for so many, those that lost last. */
const sendersKept = 1000

/** Counters of events from other instances since the start. */
export class Tally {
  /** Events that reached the listeners here. */
  received = 0
  /** Received events that were emitted before their link came up. */
  replayed = 0
  /** Events that will never come; an upper bound where a gap is not exact. */
  lost = 0
  /** Of the messages that carried events. */
  bytes = 0
  readonly #lostBySender = new Map<string, number>()

  count(senderId: string, { events, losses, replayed }: Received): void {
    this.received += events.length
    this.replayed += replayed
    for (const { lost } of losses) this.#lose(senderId, lost)
  }

  lostOf(senderId: string): number {
    return this.#lostBySender.get(senderId) ?? 0
  }

  #lose(senderId: string, lost: number): void {
    this.lost += lost
    const total = this.lostOf(senderId) + lost
    this.#lostBySender.delete(senderId)
    this.#lostBySender.set(senderId, total)
    if (this.#lostBySender.size <= sendersKept) return
    for (const oldest of this.#lostBySender.keys()) {
      this.#lostBySender.delete(oldest)
      return
    }
  }
}
