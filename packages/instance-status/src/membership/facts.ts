import type { InstanceRecord } from '../registry/record.js'

/**
 * How a socket ended. `kernel`: the peer's machine said so at once (end or reset), as it does when a process dies.
 * `refused`: nobody listens there. `silence`: nothing came any more. `other`: what neither proves nor suggests a death.
 */
export type EndedBy = 'kernel' | 'refused' | 'silence' | 'other'

export interface Ending {
  readonly by: EndedBy
  /** For people: why this direction is not up. */
  readonly reason: string
  /** Another instance said that it, and not the one looked for, answers at the address. */
  readonly answeredBy?: string
}

/** The first witness: the record in the registry. */
export type RecordFact =
  /** Known by its link alone: it proved itself before its record was seen. */
  | { readonly state: 'unseen' }
  /** `movedAt`: the monotonic time since which it is known as it is; `readAt`: when the last read was sent that found it so. */
  | { readonly state: 'fresh'; readonly record: InstanceRecord; readonly movedAt: number; readonly readAt: number }
  /** `at`: the monotonic time at which that was heard. */
  | { readonly state: 'stale' | 'deleted'; readonly record: InstanceRecord; readonly at: number }

/** The second witness, one half: the socket that we dialled (outbound), or that the peer dialled (inbound). */
export type Direction =
  | { readonly state: 'never'; readonly ending?: Ending | undefined }
  | { readonly state: 'up' }
  /** Was up. `lost` is how it ended, `ending` the latest news: that, or why dialling again failed. */
  | { readonly state: 'down'; readonly lost: Ending; readonly ending: Ending }

/**
 * A refused redial after a loss, on its way to a conclusion: the record is read after the loss and again after the refusal;
 * when it was not renewed in between, nobody is there.
 */
export type Refusal =
  | { readonly step: 'lost'; readonly at: number }
  | { readonly step: 'read'; readonly at: number; readonly updatedAt: number }
  | { readonly step: 'refused'; readonly at: number; readonly updatedAt: number | undefined }
  | { readonly step: 'confirmed' }

/** All that is known of one peer. What it means is `judge`'s to say. */
export interface Facts {
  readonly id: string
  /** Monotonic time since which it could have been linked; undefined while it waits for its turn to be dialled. */
  readonly triedSince: number | undefined
  readonly record: RecordFact
  readonly outbound: Direction
  readonly inbound: Direction
  /** Monotonic time at which the last direction that was up was lost; undefined before. */
  readonly lostAt: number | undefined
  readonly refusal: Refusal | undefined
  /** `leaving`: it said that it is about to; `goodbye`: that it does. */
  readonly farewell: 'none' | 'leaving' | 'goodbye'
}

/** The record, whether it vouches still or not. */
export function recordOf(facts: Facts): InstanceRecord | undefined {
  return facts.record.state === 'unseen' ? undefined : facts.record.record
}

export function isLinked({ outbound, inbound }: Facts): boolean {
  return outbound.state === 'up' && inbound.state === 'up'
}

/** Neither direction is up. */
export function isCutOff({ outbound, inbound }: Facts): boolean {
  return outbound.state !== 'up' && inbound.state !== 'up'
}
