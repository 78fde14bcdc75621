import { expect, it } from 'vitest'
import type { Journal } from '../journal.js'
import type { Trouble } from '../stage.js'
import { checkMembership } from './membership.js'

const expireAfterMs = 5000
const at = 100_000

const told = (event: 'memberJoined' | 'memberLeft', about: string, reason?: string, when = at): Journal['entries'][number] => ({ what: 'told', at: when, event, about, reason })
/** What is said of a conclusion at `at`; the troubles by their times before it. */
const said = (reason: string, ...troubles: readonly (readonly [kind: string, id: string | undefined, from: number, until: number])[]): string => {
  const journal: Journal = { id: 'a', entries: [told('memberJoined', 'b', undefined, 0), told('memberLeft', 'b', reason)] }
  const all = troubles.map(([kind, id, from, until]): Trouble => ({ kind, id, from: at + from, until: at + until }))
  return checkMembership([journal], all, expireAfterMs).join('\n')
}

it.each([
  ['who was killed', 'refused', [['SIGKILL', 'b', -50, 0]]],
  ['who was asked to leave', 'closed', [['SIGTERM', 'b', -50, 0]]],
  ['who stood still for most of an expiry', 'expired', [['pause', 'b', -3000, 2000]]],
  ['who stands still, and whose renewals had to wait before', 'expired', [['MongoDB hangs', undefined, -5700, -2100], ['pause', 'b', -2000, 4000]]],
] as const)('may be said to have left: %s', (_, reason, troubles) => expect(said(reason, ...troubles)).toBe(''))

it.each([
  ['nobody harmed', 'expired', []],
  ['another was killed', 'refused', [['SIGKILL', 'c', -50, 0]]],
  ['it was killed later', 'refused', [['SIGKILL', 'b', 1, 50]]],
  ['it did not say goodbye', 'closed', [['SIGKILL', 'b', -50, 0]]],
  ['it stood still too shortly', 'expired', [['pause', 'b', -2000, 4000]]],
  ['it stood still twice at the same time', 'expired', [['pause', 'b', -2000, 0], ['block', 'b', -2000, 0]]],
  ['only MongoDB was away', 'expired', [['MongoDB stops', undefined, -8000, 0]]],
  ['MongoDB was away, and it does not stand still any more', 'expired', [['MongoDB stops', undefined, -8000, -2000], ['pause', 'b', -2000, -100]]],
  ['its links were cut', 'expired', [['cut links', 'b', -5000, 0]]],
] as const)('may not: %s', (_, reason, troubles) => expect(said(reason, ...troubles)).toMatch(/^a said at 100000 that b left .*, who was there/))

it('joined and left alternate', () => {
  const twice: Journal = { id: 'a', entries: [told('memberJoined', 'b'), told('memberJoined', 'b')] }
  const never: Journal = { id: 'a', entries: [told('memberLeft', 'b', 'closed')] }
  expect(checkMembership([twice], [], expireAfterMs)).toEqual(['a said memberJoined of b, who had joined'])
  expect(checkMembership([never], [], expireAfterMs)).toContain('a said memberLeft of b, who had not joined')
})
