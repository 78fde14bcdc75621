import { describe, expect, it } from 'vitest'
import type { LeaseRow } from './lease-store.js'
import { type Look, Sightings } from './sightings.js'

const ttlMs = 1000

/** A lease renewed `renewal` times that another holds, seen at `at` of our time when the database's clock said `now`. */
function look(at: number, now: number, renewal: number, expiresAt: number, more: Partial<LeaseRow> = {}): Look {
  return { row: { token: 1, renewal, holder: 'other', ttlMs, expiresAt, now, ...more }, sentAt: at - 1, receivedAt: at }
}

describe('a lease that another holds', () => {
  it('may be taken when it is over by the database\'s clock', () => {
    const sightings = new Sightings()
    sightings.note(look(0, 50_000, 1, 50_600), 'me')
    expect(sightings.note(look(600, 50_600, 2, 51_000), 'me')).toBe(400)
    expect(sightings.note(look(1000, 51_000, 2, 51_000), 'me')).toBe(0)
  })

  it.each([40_000, 50_700, 99_000])('has all its life for a newcomer, who cannot know whether the clock jumped just before (it ends at %i, and it is 50,000)', (expiresAt) => {
    const sightings = new Sightings()
    expect(sightings.note(look(0, 50_000, 1, expiresAt), 'me')).toBe(ttlMs)
    expect(sightings.note(look(ttlMs, 50_000 + ttlMs, 1, expiresAt), 'me')).toBe(0)
  })

  it('is waited for anew when it was renewed', () => {
    const sightings = new Sightings()
    sightings.note(look(0, 50_000, 1, 50_400), 'me')
    expect(sightings.note(look(1000, 51_000, 3, 51_600), 'me')).toBe(600)
    expect(sightings.note(look(1600, 51_600, 5, 52_000), 'me')).toBe(400)
  })

  it.each([120_000, 300, -300, -120_000])('ends when it would have though the database\'s clock jumps by %i ms while nobody renews it', (jump) => {
    const sightings = new Sightings()
    sightings.note(look(-500, 49_500, 1, 50_000), 'me')
    expect(sightings.note(look(0, 50_000, 2, 50_900), 'me')).toBe(900)
    expect(sightings.note(look(100, 50_100 + jump, 2, 50_900), 'me')).toBe(ttlMs / 3)
    expect(sightings.note(look(500, 50_500 + jump, 2, 50_900), 'me')).toBe(400)
    expect(sightings.note(look(900, 50_900 + jump, 2, 50_900), 'me')).toBe(0)
  })

  it.each([120_000, 300, -300, -120_000])('has all its time when it was renewed about when the clock jumped by %i ms, until the next renewal', (jump) => {
    const sightings = new Sightings()
    sightings.note(look(0, 50_000, 1, 50_500), 'me')
    expect(sightings.note(look(500, 50_500 + jump, 2, 51_200), 'me')).toBe(ttlMs / 3)
    // Nobody renews it:
    expect(sightings.note(look(900, 50_900 + jump, 2, 51_200), 'me')).toBe(600)
    // somebody does.
    expect(sightings.note(look(1000, 51_000 + jump, 3, 51_950 + jump), 'me')).toBe(950)
  })

  it('is given all its time when nothing fits', () => {
    const sightings = new Sightings()
    sightings.note(look(0, 50_000, 1, 50_500), 'me')
    expect(sightings.note(look(500, 50_500, 2, 99_000), 'me')).toBe(1000)
  })

  it('is over at once when it was given back, was never held, or is ours by an answer that did not come', () => {
    expect(new Sightings().note(look(0, 50_000, 1, 50_900, { holder: undefined }), 'me')).toBe(0)
    expect(new Sightings().note(look(0, 50_000, 1, 50_900, { holder: 'me' }), 'me')).toBe(0)
    const sightings = new Sightings()
    expect(sightings.note(look(0, 0, 0, 0, { token: 0, holder: undefined }), 'me')).toBe(0)
    // There was no document to tell the time by: that is no jump.
    expect(sightings.note(look(10, 50_000, 0, 51_000), 'me')).toBe(1000)
  })
})
