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
    expect(sightings.note(look(1001, 51_001, 2, 51_000), 'me')).toBe(0)
  })

  it('may be taken then also by a newcomer, who sees for half its life that nobody renews it', () => {
    expect(new Sightings().note(look(0, 50_000, 1, 50_700), 'me')).toBe(700)
    const sightings = new Sightings()
    expect(sightings.note(look(0, 50_000, 1, 40_000), 'me')).toBe(500)
    expect(sightings.note(look(500, 50_500, 1, 40_000), 'me')).toBe(0)
  })

  it('is waited for anew when it was renewed', () => {
    const sightings = new Sightings()
    expect(sightings.note(look(0, 50_000, 1, 50_400), 'me')).toBe(500)
    expect(sightings.note(look(500, 50_500, 2, 51_100), 'me')).toBe(600)
  })

  it('is not over because the database\'s clock jumped forward', () => {
    const sightings = new Sightings()
    sightings.note(look(0, 50_000, 1, 50_900), 'me')
    expect(sightings.note(look(100, 170_100, 1, 50_900), 'me')).toBe(900)
    // Also not when the clock goes on as it should.
    expect(sightings.note(look(200, 170_200, 1, 50_900), 'me')).toBe(800)
    expect(sightings.note(look(1000, 171_000, 1, 50_900), 'me')).toBe(0)
  })

  it('is not over because the clock jumped right after a renewal', () => {
    const sightings = new Sightings()
    sightings.note(look(0, 50_000, 1, 50_900), 'me')
    expect(sightings.note(look(900, 170_900, 2, 51_500), 'me')).toBe(1000)
    // The next renewal is by the new clock, which is believed again.
    expect(sightings.note(look(1200, 171_200, 3, 172_000), 'me')).toBe(800)
  })

  it('is over after its time also when the database\'s clock was set back', () => {
    const sightings = new Sightings()
    sightings.note(look(0, 50_000, 1, 50_900), 'me')
    expect(sightings.note(look(500, 10_500, 1, 50_900), 'me')).toBe(500)
    expect(sightings.note(look(1000, 11_000, 1, 50_900), 'me')).toBe(0)
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
