import type { Finding } from './catalogue.js'

/** What one part of the doctor did. */
export interface Examination {
  /** What was looked at, in words: also what was found to be well. */
  readonly looked: readonly string[]
  readonly findings: readonly Finding[]
  /** Whether there was no answer from whom it was to ask. */
  readonly unanswered: boolean
}
