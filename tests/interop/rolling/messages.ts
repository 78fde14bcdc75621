/** What a member is told when it starts. With `Order` it is what the test and a member say to each other: packed builds speak it too, so it stays as it is. */
export interface Part {
  readonly mongoUrl: string
  readonly database: string
}

export type Order =
  /** Answered with an `Account` when so many others are linked both ways and hear us: `link 3`. */
  | `link ${number}`
  /** Emit numbered events, until told to settle. */
  | 'begin'
  | 'settle'
  /** Answered with an `Account`. */
  | 'account'
  /** Answered with what is known of the others. */
  | 'members'
  /** Leave the cluster and end. */
  | 'leave'

/** Who heard how much of whom. */
export interface Account {
  readonly id: string
  /** The number emitted last. */
  readonly head: number
  /** Of each sender the numbers heard first and last. */
  readonly heard: Readonly<Record<string, { readonly first: number; readonly last: number }>>
  /** Events that did not follow the one before, gaps, and those who left without a goodbye: in words. */
  readonly wrong: readonly string[]
}

export interface View {
  readonly id: string
  readonly status: string
  readonly reason: string | undefined
  readonly lastError: string | undefined
}
