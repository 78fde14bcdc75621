import { backoffDelayMs } from '@ddp-cluster/ddp-common/internal'

/** A peer whose record is fresh is dialled so often at least: a network that heals is noticed within five seconds. */
const longestRedialMs = 4000
/** Redial delay after a refusal or a wrong instance. */
const refusedRedialMs = 10_000

/** However it is hurried, a peer is not dialled more often than this. */
export const leastRedialMs = 1000
/** A dial that takes so long may be waiting for an answer that was lost: it holds up nobody else, and may be begun anew. */
export const hungMs = 2000
/** A process whose timers are so late has enough to do. */
export const busyMs = 20

/** Refusals that dialling again does not mend by itself: shown as `failed`. */
const lasting: ReadonlySet<string> = new Set(['wrong-instance', 'wrong-protocol', 'wrong-cluster', 'unauthorized', 'impostor', 'not-an-instance'])

/** When a peer is dialled again, and how the link is shown until then; `code` is its refusal, if it gave one. Meteor's backoff, with a ceiling of ours. */
export function redialAfter(code: string | undefined, retryCount: number, random: number): { readonly kind: 'waiting' | 'failed'; readonly delayMs: number } {
  if (code !== undefined && lasting.has(code)) return { kind: 'failed', delayMs: refusedRedialMs }
  return { kind: 'waiting', delayMs: backoffDelayMs(retryCount, random, { maxMs: longestRedialMs }) }
}
