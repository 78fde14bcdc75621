import type { Finding } from './catalogue.js'

/** Result of one part of the doctor. */
export interface Examination {
  /** Checks that were made, in words, also those that found nothing. */
  readonly looked: readonly string[]
  readonly findings: readonly Finding[]
  /** Whether there was no answer from whom it was to ask. */
  readonly unanswered: boolean
}
