import type { Instance } from './instance.js'

/** Sample of all figures at one moment: rates a second, or gauges. */
export interface Sample {
  readonly at: number
  readonly values: Readonly<Record<FigureKey, number>>
}

export type FigureKey = 'sent' | 'received' | 'bytesSent' | 'bytesReceived' | 'behind' | 'roundTrip'

/** Time that the charts show. */
export const reachMs = 120_000

interface Totals {
  readonly id: string
  readonly at: number
  readonly emitted: number
  readonly received: number
  readonly bytesSent: number
  readonly bytesReceived: number
}

/** The figures of the last two minutes, from totals that only grow. Those of another instance, or of one that began anew, begin anew. */
export class Series {
  #samples: readonly Sample[] = []
  #last: Totals | undefined

  get samples(): readonly Sample[] {
    return this.#samples
  }

  /** To be called about once a second. */
  add(instances: readonly Instance[], at: number): void {
    const local = instances.find((instance) => instance.local)
    if (!local?.traffic) return
    const { emitted, received, bytesSent, bytesReceived } = local.traffic
    const totals: Totals = { id: local.id, at, emitted, received, bytesSent, bytesReceived }
    const last = this.#last
    this.#last = totals
    if (!last || last.id !== totals.id || at <= last.at) {
      if (last?.id !== totals.id) this.#samples = []
      return
    }
    const aSecond = (key: 'emitted' | 'received' | 'bytesSent' | 'bytesReceived'): number => Math.max(0, ((totals[key] - last[key]) * 1000) / (at - last.at))
    const values = {
      sent: aSecond('emitted'),
      received: aSecond('received'),
      bytesSent: aSecond('bytesSent'),
      bytesReceived: aSecond('bytesReceived'),
      behind: Math.max(0, ...instances.map(({ log }) => log?.unsent ?? 0)),
      roundTrip: Math.max(0, ...instances.map(({ link }) => link?.roundTripMs ?? 0)),
    }
    this.#samples = [...this.#samples.filter((sample) => at - sample.at <= reachMs), { at, values }]
  }

  clear(): void {
    this.#last = undefined
    this.#samples = []
  }

  /** Begins the figures anew, as those in between are unknown. */
  interrupt(): void {
    this.#last = undefined
  }
}
