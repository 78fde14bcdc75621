import type { Weight } from './weigh.js'

/** What a member is told when it starts. */
export interface Part {
  readonly mongoUrl: string
  readonly database: string
  /** How many instances there are. */
  readonly instances: number
  /** How many events this one emits. */
  readonly perSecond: number
}

export type Order =
  /** Wait until everybody is there and listens; answered with a `Sample`. */
  | 'link'
  /** Emit and call, until told to settle. */
  | 'begin'
  | 'settle'
  /** Answered with a `Sample`. */
  | 'sample'
  /** Answered with an `Account`. */
  | 'account'
  | 'leave'

/** What a process weighs, and what it has done since it started. Of MongoDB's process it is the weight alone. */
export interface Sample extends Weight {
  readonly emitted: number
  readonly heard: number
  /** Events that were reported lost by a `gap`, or that came out of order, twice or with another content. */
  readonly lost: number
  readonly calls: number
  readonly failedCalls: number
}

/** The last numbers: who heard how much of whom. */
export interface Account {
  readonly id: string
  readonly head: number
  readonly heard: readonly (readonly [id: string, last: number])[]
  /** The first few things that were wrong, in words. */
  readonly wrong: readonly string[]
}
