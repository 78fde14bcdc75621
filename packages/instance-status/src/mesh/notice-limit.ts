import type { Notice } from './notice.js'

/** A peer's notices of one kind are heard so far apart. */
const leastNoticeMs = 1000

/** A peer that repeats itself is not heard each time. */
export class NoticeLimit {
  readonly #heardAt = new Map<string, Map<Notice['kind'], number>>()

  /** Whether it is time to hear a notice of this kind from this peer again. */
  takes(peerId: string, kind: Notice['kind'], now: number): boolean {
    const heardAt = this.#heardAt.get(peerId) ?? new Map<Notice['kind'], number>()
    this.#heardAt.set(peerId, heardAt)
    const last = heardAt.get(kind)
    if (last !== undefined && now - last < leastNoticeMs) return false
    heardAt.set(kind, now)
    return true
  }

  forget(peerId: string): void {
    this.#heardAt.delete(peerId)
  }
}
