import { addressOf } from './instances-view.js'
import type { ClusterState } from './options.js'
import type { Fields } from './instance-documents.js'

/** Older entries than so many are forgotten. */
const entriesKept = 200

type Type = 'joined' | 'suspected' | 'recovered' | 'left' | 'registryLost' | 'registryRestored' | 'stalled' | 'gap' | 'unreachableSelf' | 'expelled'

/** Last events of the cluster as this instance saw them, each under a growing number. */
export class Timeline {
  readonly #entries = new Map<string, Fields>()
  readonly #endings: readonly (() => void)[]
  readonly #onEntry: () => void
  #last = 0

  constructor(cluster: ClusterState, onEntry: () => void) {
    this.#onEntry = onEntry
    const where = (record: ClusterState['self']['record'] | undefined): Fields => (record ? { address: addressOf(record) } : {})
    this.#endings = [
      cluster.on('memberJoined', ({ id, record }) => this.#note('joined', { instance: id, ...where(record) })),
      cluster.on('memberSuspected', ({ id, record, reason }) => this.#note('suspected', { instance: id, ...where(record), reason })),
      cluster.on('memberRecovered', ({ id, record }) => this.#note('recovered', { instance: id, ...where(record) })),
      cluster.on('memberLeft', ({ id, record, reason }) => this.#note('left', { instance: id, ...where(record), reason })),
      cluster.on('memberForgotten', ({ id, record, reason }) => this.#note('left', { instance: id, ...where(record), reason })),
      // The driver's text may hold anything; the cluster's own log has it.
      cluster.on('registryLost', ({ error }) => this.#note('registryLost', error instanceof Error ? { reason: error.name } : {})),
      cluster.on('registryRestored', () => this.#note('registryRestored', {})),
      cluster.on('stalled', ({ delayMs }) => this.#note('stalled', { delayMs: Math.round(delayMs) })),
      cluster.on('gap', ({ from, lost }) => this.#note('gap', { instance: from, lost })),
      cluster.on('unreachableSelf', ({ id, record, reason }) => this.#note('unreachableSelf', { instance: id, ...where(record), reason })),
      cluster.on('expelled', ({ by, reason }) => this.#note('expelled', { instance: by, reason })),
    ]
  }

  /** By id. */
  get entries(): ReadonlyMap<string, Fields> {
    return this.#entries
  }

  close(): void {
    for (const end of this.#endings) end()
  }

  #note(type: Type, fields: Fields): void {
    this.#last += 1
    this.#entries.set(String(this.#last), { at: new Date(), type, ...fields })
    if (this.#entries.size > entriesKept) this.#entries.delete(String(this.#last - entriesKept))
    this.#onEntry()
  }
}
