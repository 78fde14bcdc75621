import { describe, expect, it } from 'vitest'
import { testRecord } from '../registry/record.fixture.js'
import type { Happening } from './happening.js'
import { emptyMembership, nextDeadline, reduce } from './membership.js'
import type { Membership } from './state.js'

/** Runs happenings, one a step of `stepMs`, and keeps what was told and done in words. */
class World {
  membership: Membership = emptyMembership(testRecord('self', { createdAt: 50 }), 10_000)
  now = 0
  readonly log: string[] = []

  happen(...happenings: Happening[]): this {
    for (const happening of happenings) {
      const { membership, effects } = reduce(this.membership, happening, this.now)
      this.membership = membership
      for (const effect of effects) {
        if (effect.type === 'tell') this.log.push([effect.event.type, effect.event.id, 'reason' in effect.event ? effect.event.reason : ''].join(' ').trim())
        else this.log.push([effect.type, 'record' in effect ? effect.record._id : 'id' in effect ? effect.id : '', 'kind' in effect ? effect.kind : ''].join(' ').trim())
        // As the mesh does when nobody else waits.
        if (effect.type === 'dial') this.happen({ type: 'dialBegun', id: effect.record._id })
      }
    }
    return this
  }

  /** What was said since the last look. */
  said(): string[] {
    return this.log.splice(0).filter((line) => line.startsWith('member'))
  }

  did(): string[] {
    return this.log.splice(0)
  }

  status(id: string): string {
    const verdict = this.membership.members.get(id)?.verdict
    if (!verdict) return 'unknown'
    return [verdict.status, 'reason' in verdict ? verdict.reason : 'note' in verdict ? verdict.note : ''].join(' ').trim()
  }
}

const seen = (record = testRecord('a')): Happening => ({ type: 'recordSeen', record })
const up: Happening[] = [{ type: 'outboundUp', id: 'a' }, { type: 'inboundUp', id: 'a' }]
const lost = (by: 'kernel' | 'silence' | 'other' = 'silence'): Happening[] => [
  { type: 'outboundDown', id: 'a', ending: { by, reason: 'gone quiet' } },
  { type: 'inboundDown', id: 'a', ending: { by, reason: 'gone quiet' } },
]
const refused: Happening = { type: 'dialFailed', id: 'a', ending: { by: 'refused', reason: 'nobody listens' } }
const read = (startedAt: number): Happening => ({ type: 'registryRead', startedAt })
const alive = (): World => {
  const world = new World().happen(seen(), ...up)
  world.did()
  return world
}

describe('membership, row by row', () => {
  it('fresh, not yet linked: joining, and dialled', () => {
    const world = new World().happen(seen())
    expect(world.did()).toEqual(['dial a'])
    expect(world.status('a')).toBe('joining')
    expect(nextDeadline(world.membership)).toBe(10_000)
  })

  it('not linked in time: suspect, with the reason of the link', () => {
    const world = new World().happen(seen(), { type: 'dialFailed', id: 'a', ending: { by: 'other', reason: 'wrong-instance: b answers' } })
    world.now = 10_000
    world.happen({ type: 'tick' })
    expect(world.said()).toEqual(['memberSuspected a wrong-instance: b answers'])
  })

  it('proven before its record was seen: joining, and the registry is read', () => {
    const world = new World().happen({ type: 'inboundUp', id: 'a' })
    expect(world.did()).toEqual(['lookUp a'])
    expect(world.happen(seen()).did()).toEqual(['dial a'])
    expect(world.happen({ type: 'outboundUp', id: 'a' }).said()).toEqual(['memberJoined a'])
  })

  it('fresh and linked: alive; joined is told once, a link that comes back is a recovery', () => {
    const world = new World().happen(seen(), ...up)
    expect(world.said()).toEqual(['memberJoined a'])
    expect(world.happen(...lost()).said()).toEqual(['memberSuspected a gone quiet'])
    expect(world.happen(...up).said()).toEqual(['memberRecovered a'])
  })

  it('one direction only: suspect, not dialled back', () => {
    const world = new World().happen(seen(), { type: 'outboundUp', id: 'a' })
    expect(world.status('a')).toBe('joining')
    world.now = 10_000
    expect(world.happen({ type: 'tick' }).said()).toEqual(['memberSuspected a not-dialled-back'])
    expect(world.happen({ type: 'inboundUp', id: 'a' }).said()).toEqual(['memberJoined a'])
  })

  it('closed by the kernel, refused and not renewed: gone', () => {
    const world = alive().happen(...lost('kernel'))
    expect(world.did()).toEqual(['memberSuspected a gone quiet', 'read'])
    world.now = 10
    world.happen(read(5), refused)
    expect(world.did()).toEqual(['read'])
    expect(world.happen(read(11)).did()).toEqual(['memberLeft a refused', 'hangUp a', 'reap a'])
  })

  it('the same when the refusal is known before the first read is', () => {
    const world = alive().happen(...lost('kernel'))
    world.now = 10
    world.happen(refused, read(5))
    expect(world.status('a')).toBe('suspect nobody listens')
    expect(world.happen(read(11)).said()).toContain('memberSuspected a gone quiet')
    expect(world.status('a')).toBe('suspect nobody listens')
    expect(world.happen(read(12)).said()).toEqual(['memberLeft a refused'])
  })

  it('closed by the kernel, and the record deleted by who concluded first: refused too', () => {
    expect(alive().happen(...lost('kernel'), { type: 'recordDeleted', record: testRecord('a') }).said()).toContain('memberLeft a refused')
  })

  it('refused but renewed since: suspect', () => {
    const world = alive().happen(...lost('kernel'), read(0), refused, seen(testRecord('a', { updatedAt: 9 })), read(1))
    expect(world.status('a')).toBe('suspect nobody listens')
    expect(world.happen(read(2), read(3)).status('a')).toBe('suspect nobody listens')
  })

  it('silence and then a refusal are no proof of a death', () => {
    const world = alive().happen(...lost('silence'), refused, read(1), read(2))
    expect(world.status('a')).toBe('suspect nobody listens')
  })

  it('goodbye: gone, whatever the record says', () => {
    expect(alive().happen({ type: 'goodbye', id: 'a' }).did()).toEqual(['memberLeft a closed', 'hangUp a'])
  })

  it('stale or deleted while linked: alive, unregistered', () => {
    const world = alive().happen({ type: 'recordDeleted', record: testRecord('a') })
    expect(world.status('a')).toBe('alive unregistered')
    expect(world.said()).toEqual([])
    expect(world.happen(seen(testRecord('a', { updatedAt: 9 }))).status('a')).toBe('alive')
  })

  it('stale and not linked: gone, and reaped as it was seen', () => {
    const world = alive().happen(...lost())
    world.did()
    world.now = 10_000
    expect(world.happen({ type: 'recordStale', record: testRecord('a') }).did()).toEqual(['memberLeft a expired', 'hangUp a', 'reap a'])
  })

  it('replaced by a later instance that answers at its address', () => {
    const world = alive().happen(...lost())
    world.did()
    const successor = testRecord('b', { createdAt: 20, url: 'ws://a:3000/websocket' })
    world.happen(seen(successor))
    expect(world.status('a')).toBe('suspect gone quiet')
    world.happen({ type: 'outboundUp', id: 'b' })
    expect(world.did()).toEqual(['dial b', 'memberLeft a replaced', 'hangUp a', 'reap a'])
  })

  it('two that share an address and both live: both stay', () => {
    const world = alive().happen(seen(testRecord('a', { updatedAt: 30 })), seen(testRecord('b', { createdAt: 20, url: 'ws://a:3000/websocket' })))
    expect(world.status('a')).toBe('alive address-conflict')
    world.happen({ type: 'outboundUp', id: 'b' }, ...lost())
    expect(world.status('a')).toBe('suspect gone quiet')
  })

  it('a predecessor of our own is forgotten without a word when we answer at its address ourselves, and its record deleted', () => {
    const record = testRecord('a', { updatedAt: 40, url: 'ws://self:3000/websocket' })
    const world = new World().happen(seen(record))
    expect(world.did()).toEqual(['dial a'])
    expect(world.happen({ type: 'dialFailed', id: 'a', ending: { by: 'other', reason: 'wrong-instance', answeredBy: 'self' } }).did()).toEqual(['hangUp a', 'reap a'])
    expect(world.status('a')).toBe('unknown')
    // Seen again, as when the record could not be deleted.
    expect(world.happen(seen(record)).did()).toEqual([])
  })

  it('several predecessors at our address go at once', () => {
    const world = new World()
    for (const id of ['a', 'b', 'c']) {
      world.happen(seen(testRecord(id, { updatedAt: 40, url: 'ws://self:3000/websocket' })))
      world.happen({ type: 'dialFailed', id, ending: { by: 'other', reason: 'wrong-instance', answeredBy: 'self' } })
    }
    expect([...world.membership.members.keys()]).toEqual([])
    expect(world.said()).toEqual([])
  })

  it('a peer that shares our address from another host is back with its next heartbeat, and stays', () => {
    const world = new World().happen(seen(testRecord('a', { updatedAt: 40, url: 'ws://self:3000/websocket' })))
    const failed: Happening = { type: 'dialFailed', id: 'a', ending: { by: 'other', reason: 'wrong-instance', answeredBy: 'self' } }
    world.happen(failed)
    expect(world.status('a')).toBe('unknown')
    world.happen(seen(testRecord('a', { updatedAt: 80, url: 'ws://self:3000/websocket' })), failed)
    world.now = 30_000
    world.happen(read(29_000), { type: 'tick' })
    expect(world.status('a')).toBe('suspect wrong-instance')
  })

  it('registry unreachable: nobody leaves but by goodbye', () => {
    const world = alive().happen({ type: 'registryLost' }, { type: 'recordStale', record: testRecord('a') }, ...lost('kernel'), refused, read(1), read(2))
    expect(world.said()).toEqual(['memberSuspected a gone quiet'])
    expect(world.happen(...up).said()).toEqual(['memberRecovered a'])
    expect(world.happen({ type: 'goodbye', id: 'a' }).said()).toEqual(['memberLeft a closed'])
  })

  it('never joined, then stale: forgotten, no event', () => {
    const world = new World().happen(seen(), { type: 'recordStale', record: testRecord('a') })
    expect(world.said()).toEqual([])
    expect(world.status('a')).toBe('unknown')
  })

  it('a suspect that never joined and expires is told as forgotten, once', () => {
    const world = new World().happen(seen(), { type: 'dialBegun', id: 'a' }, { type: 'dialFailed', id: 'a', ending: { by: 'refused', reason: 'refused' } })
    world.now = 10_000
    expect(world.happen({ type: 'tick' }).said()).toEqual(['memberSuspected a refused'])
    expect(world.happen({ type: 'recordStale', record: testRecord('a') }, { type: 'tick' }).said()).toEqual(['memberForgotten a expired'])
  })

  it('one that left comes back with a newer record or a new link, never with the old record', () => {
    const world = alive().happen(...lost(), { type: 'recordDeleted', record: testRecord('a') })
    expect(world.happen(seen()).status('a')).toBe('unknown')
    expect(world.happen(seen(testRecord('a', { updatedAt: 5 }))).status('a')).toBe('joining')
    world.did()
    expect(world.happen(...up).said()).toEqual(['memberJoined a'])
  })

  it('one that said goodbye and could not delete its record comes back by a new link alone, and the record goes', () => {
    const world = alive().happen({ type: 'goodbye', id: 'a' })
    world.did()
    expect(world.happen(seen(testRecord('a', { updatedAt: 5 }))).did()).toEqual(['reap a'])
    expect(world.status('a')).toBe('unknown')
    expect(world.happen({ type: 'inboundUp', id: 'a' }).did()).toEqual(['lookUp a'])
  })

  it('after an outage nobody has expired for one expiry: its record may be on its way', () => {
    const world = alive().happen({ type: 'registryLost' }, { type: 'recordDeleted', record: testRecord('a') }, ...lost(), { type: 'registryRestored' })
    expect(world.said()).toEqual(['memberSuspected a gone quiet'])
    const { expireAfterMs } = testRecord('self').cluster
    expect(nextDeadline(world.membership)).toBe(expireAfterMs)
    world.now = expireAfterMs - 1
    expect(world.happen({ type: 'tick' }).said()).toEqual([])
    world.now = expireAfterMs
    expect(world.happen({ type: 'tick' }).said()).toEqual(['memberLeft a expired'])
  })

  it('who waits for its turn to be dialled is late for nothing', () => {
    const world = new World()
    world.membership = reduce(world.membership, seen(), 0).membership
    world.now = 60_000
    expect(world.happen({ type: 'tick' }).status('a')).toBe('joining')
    expect(nextDeadline(world.membership)).toBeUndefined()
    world.happen({ type: 'dialBegun', id: 'a' })
    expect(nextDeadline(world.membership)).toBe(70_000)
  })

  it('one that left and links again is looked up, and joins again with the record that it had', () => {
    const world = alive().happen({ type: 'goodbye', id: 'a' })
    world.did()
    expect(world.happen({ type: 'inboundUp', id: 'a' }).did()).toEqual(['lookUp a'])
    expect(world.happen(seen(), { type: 'outboundUp', id: 'a' }).did()).toEqual(['dial a', 'memberJoined a'])
  })

  it.each(['recordStale', 'recordDeleted'] as const)('a link that breaks where the record did not vouch any more (%s) has as long to come back as one that is first made', (type) => {
    const world = alive().happen({ type, record: testRecord('a') })
    world.now = 20_000
    expect(world.happen(...lost('kernel')).said()).toEqual(['memberSuspected a gone quiet'])
    expect(nextDeadline(world.membership)).toBe(30_000)
    world.now = 29_999
    expect(world.happen({ type: 'tick' }, ...up).said()).toEqual(['memberRecovered a'])
    expect(world.status('a')).toBe('alive unregistered')
    world.happen(...lost())
    world.did()
    world.now = 39_999
    expect(world.happen({ type: 'tick' }).did()).toEqual(['memberLeft a expired', 'hangUp a', 'reap a'])
  })

  it('a record that is stale just after the link broke, as when MongoDB was slow, ends nobody before the link had its time; a stall of ours is not of it', () => {
    const world = alive()
    world.now = 5000
    world.happen(...lost(), { type: 'recordStale', record: testRecord('a') })
    expect(world.said()).toEqual(['memberSuspected a gone quiet'])
    world.now = 15_000
    expect(world.happen({ type: 'stalled', delayMs: 4000 }, { type: 'tick' }).said()).toEqual([])
    expect(nextDeadline(world.membership)).toBe(19_000)
    world.now = 19_000
    expect(world.happen({ type: 'tick' }).said()).toEqual(['memberLeft a expired'])
  })

  it('lost, stale, and then deleted by who concluded first: gone at once', () => {
    const world = alive().happen({ type: 'recordStale', record: testRecord('a') }, ...lost())
    world.did()
    world.now = 1
    expect(world.happen({ type: 'recordDeleted', record: testRecord('a') }).said()).toEqual(['memberLeft a expired'])
  })

  it('renewed at the same address: nothing to be done', () => {
    expect(alive().happen(seen(testRecord('a', { updatedAt: 3 })), seen(testRecord('a', { updatedAt: 3 }))).did()).toEqual([])
  })

  it('proven, linked both ways, and its record still not seen: alive', () => {
    const world = new World().happen({ type: 'inboundUp', id: 'a' }, { type: 'outboundUp', id: 'a' })
    expect(world.status('a')).toBe('alive')
  })

  it('proven and lost again before its record was seen: forgotten without a word', () => {
    const world = new World().happen({ type: 'inboundUp', id: 'a' })
    world.did()
    expect(world.happen({ type: 'inboundDown', id: 'a', ending: { by: 'silence', reason: 'gone quiet' } }).did()).toEqual(['hangUp a'])
    expect(world.status('a')).toBe('unknown')
  })

  it('stale, and one direction is up: stays, as somebody lives there', () => {
    const outbound = new World().happen(seen(), { type: 'outboundUp', id: 'a' }, { type: 'recordStale', record: testRecord('a') })
    expect(outbound.status('a')).toBe('joining')
    const inbound = new World().happen(seen(), { type: 'inboundUp', id: 'a' }, { type: 'recordStale', record: testRecord('a') })
    expect(inbound.status('a')).toBe('joining')
  })

  it('a stale record of somebody unknown is reaped; a deleted one need not be', () => {
    expect(new World().happen({ type: 'recordStale', record: testRecord('a') }).did()).toEqual(['reap a'])
    expect(new World().happen({ type: 'recordDeleted', record: testRecord('a') }).did()).toEqual([])
  })

  it('is since the change of its status, not since the last news of it', () => {
    const world = new World().happen(seen())
    const since = (): number | undefined => world.membership.members.get('a')?.since
    world.now = 5
    expect(world.happen(seen(testRecord('a', { updatedAt: 5 }))).membership.members.get('a')?.since).toBe(0)
    world.happen(...up)
    expect(since()).toBe(5)
    world.now = 9
    world.happen(...lost())
    expect(since()).toBe(9)
  })

  it('dials again where the address changes', () => {
    const world = alive().happen(seen(testRecord('a', { updatedAt: 3, url: 'ws://elsewhere:1/websocket' })))
    expect(world.did()).toEqual(['dial a'])
  })
})

describe('a crash is concluded', () => {
  const down = (direction: 'outbound' | 'inbound', by: 'kernel' | 'silence'): Happening => ({ type: `${direction}Down`, id: 'a', ending: { by, reason: 'gone' } })

  it.each([
    ['one direction went silent', [down('outbound', 'kernel'), down('inbound', 'silence')]],
    ['the other did', [down('outbound', 'silence'), down('inbound', 'kernel')]],
  ])('not when %s', (_, losses) => {
    const world = alive().happen(...losses)
    expect(world.did()).toEqual(['memberSuspected a gone'])
    world.now = 10
    expect(world.happen(read(1), refused, read(11), read(12)).status('a')).toBe('suspect nobody listens')
  })

  it.each([['outbound', 'outboundUp'], ['inbound', 'inboundUp']] as const)('not when only the %s direction had been up', (direction, type) => {
    const world = new World().happen(seen(), { type, id: 'a' }, down(direction, 'kernel'))
    expect(world.did()).toEqual(['dial a'])
  })

  it('not when dialling again fails in another way', () => {
    const world = alive().happen(...lost('kernel'), read(0))
    world.did()
    world.now = 10
    world.happen({ type: 'dialFailed', id: 'a', ending: { by: 'other', reason: 'reset' } }, read(11), read(12))
    expect(world.did()).toEqual([])
    expect(world.status('a')).toBe('suspect reset')
  })

  it('with a second read of the record where the refusal came before the first', () => {
    const world = alive().happen(...lost('kernel'))
    world.now = 10
    world.happen(refused)
    world.did()
    expect(world.happen(read(11)).did()).toEqual(['read'])
    expect(world.happen(read(12)).did()).toEqual(['memberLeft a refused', 'hangUp a', 'reap a'])
  })

  it('of whose record is stale as well', () => {
    const world = alive().happen({ type: 'recordStale', record: testRecord('a') }, ...lost('kernel'))
    expect(world.did()).toEqual(['memberSuspected a gone quiet', 'read'])
    world.now = 10
    world.happen(read(5), refused)
    expect(world.did()).toEqual(['read'])
    expect(world.happen(read(11)).did()).toEqual(['memberLeft a refused', 'hangUp a', 'reap a'])
  })

  it('after an outage of MongoDB, when it was proven during it', () => {
    const world = alive().happen(...lost('kernel'), { type: 'registryLost' }, read(0), refused, read(1), read(2))
    expect(world.said()).toEqual(['memberSuspected a gone quiet'])
    expect(world.happen({ type: 'registryRestored' }).said()).toEqual(['memberLeft a refused'])
  })
})

describe('who is replaced at its address', () => {
  const { expireAfterMs } = testRecord('a').cluster
  const successor = testRecord('b', { createdAt: 20, url: 'ws://a:3000/websocket' })

  it.each([
    ['outbound', [{ type: 'outboundUp', id: 'a' }, { type: 'outboundDown', id: 'a', ending: { by: 'kernel', reason: 'gone' } }]],
    ['inbound', [{ type: 'inboundUp', id: 'a' }, { type: 'inboundDown', id: 'a', ending: { by: 'kernel', reason: 'gone' } }]],
  ] as const)('and was linked by the %s direction alone, has to have been silent for two fifths of its expiry', (_, link) => {
    const world = new World()
    world.now = 1000
    world.happen(seen(), ...link, seen(successor), { type: 'outboundUp', id: 'b' })
    // The same record again is no renewal.
    world.now = 9000
    world.happen(seen(), { type: 'tick' }, read(1000 + expireAfterMs * 0.4 - 1))
    expect(world.status('a')).toBe('joining')
    expect(world.happen(read(1000 + expireAfterMs * 0.4)).status('a')).toBe('unknown')
  })

  it('renewed its record when the other registered, or later: is not', () => {
    const world = new World().happen(seen(testRecord('a', { updatedAt: 20 })), ...up, ...lost(), seen(successor), { type: 'outboundUp', id: 'b' })
    expect(world.status('a')).toBe('suspect gone quiet')
  })

  it('by us, as only our own advertising says: is not', () => {
    const world = new World().happen(seen(testRecord('a', { updatedAt: 40, url: 'ws://self:3000/websocket' })), ...up, ...lost())
    expect(world.status('a')).toBe('suspect gone quiet')
  })
})

describe('the next deadline', () => {
  it('is the earliest of those who wait for a link', () => {
    const world = new World()
    for (const [id, now] of [['a', 500], ['b', 300], ['c', 400]] as const) {
      world.now = now
      world.happen(seen(testRecord(id)))
    }
    expect(nextDeadline(world.membership)).toBe(10_300)
  })

  it('is none for who is linked or suspected, and for whose record is gone while it is linked', () => {
    const world = alive()
    expect(nextDeadline(world.membership)).toBeUndefined()
    expect(nextDeadline(world.happen({ type: 'recordDeleted', record: testRecord('a') }).membership)).toBeUndefined()
    expect(nextDeadline(alive().happen(...lost()).membership)).toBeUndefined()
  })

  it('is none for whose record is gone and whose link is lost while MongoDB does not answer: nothing can be concluded', () => {
    const world = alive().happen({ type: 'recordStale', record: testRecord('a') }, { type: 'registryLost' }, ...lost())
    expect(nextDeadline(world.membership)).toBeUndefined()
  })

  it('is also for who waits to be dialled, and was lost by the link that it had made', () => {
    const world = new World()
    for (const next of [seen(), { type: 'inboundUp', id: 'a' }, { type: 'recordStale', record: testRecord('a') }, { type: 'inboundDown', id: 'a', ending: { by: 'kernel', reason: 'gone' } }] as const) {
      world.membership = reduce(world.membership, next, 7).membership
    }
    expect(nextDeadline(world.membership)).toBe(10_007)
    world.now = 10_007
    expect(world.happen({ type: 'tick' }).status('a')).toBe('unknown')
  })

  it.each(['recordStale', 'recordDeleted'] as const)('is the end of the hold after an outage, for a record that is %s', (type) => {
    const world = alive().happen({ type: 'registryLost' }, { type, record: testRecord('a') }, ...lost(), { type: 'registryRestored' })
    expect(nextDeadline(world.membership)).toBe(testRecord('self').cluster.expireAfterMs)
  })
})

describe('what an instance hears of itself', () => {
  it('a peer that reaches us and that we do not reach is told why, at each failure', () => {
    const world = new World().happen(seen(), { type: 'inboundUp', id: 'a' })
    world.did()
    expect(world.happen(refused, refused).did()).toEqual(['notify a unreachable', 'notify a unreachable'])
    // What failed before may have been mended: its dial is what tells.
    const late = new World().happen(seen(), refused)
    late.did()
    expect(late.happen({ type: 'inboundUp', id: 'a' }).did()).toEqual([])
  })

  it('that it is not reached at its address is told once for each reason', () => {
    const world = new World().happen(seen(), { type: 'outboundUp', id: 'a' })
    world.did()
    const complaint = { type: 'notDialledBack', id: 'a', reason: 'nobody listens there' } as const
    expect(world.happen(complaint, complaint).did()).toEqual(['unreachableSelf a nobody listens there'])
    world.now = 10_000
    expect(world.happen({ type: 'tick' }).said()).toEqual(['memberSuspected a not-dialled-back: nobody listens there'])
    world.happen({ type: 'inboundUp', id: 'a' })
    world.did()
    expect(world.happen({ ...complaint, reason: 'another' }).did()).toEqual([])
    expect(world.status('a')).toBe('alive')
  })

  it('who comes back after it was declared gone is told so; who had said goodbye is not', () => {
    const world = alive().happen(...lost(), { type: 'recordDeleted', record: testRecord('a') })
    expect(world.said()).toContain('memberLeft a expired')
    expect(world.happen(seen(testRecord('a', { updatedAt: 99 })), ...up).did()).toEqual(['dial a', 'memberJoined a', 'notify a expelled'])
    const polite = alive().happen({ type: 'goodbye', id: 'a' })
    polite.did()
    expect(polite.happen({ type: 'inboundUp', id: 'a' }, seen(), { type: 'outboundUp', id: 'a' }).did()).toEqual(['lookUp a', 'dial a', 'memberJoined a'])
  })

  it('who is about to leave is alive, and marked', () => {
    expect(alive().happen({ type: 'leaving', id: 'a' }).status('a')).toBe('alive leaving')
  })

  it('a stall of ours makes nobody late', () => {
    const world = new World().happen(seen())
    world.now = 12_000
    expect(world.happen({ type: 'stalled', delayMs: 12_000 }, { type: 'tick' }).said()).toEqual([])
    expect(world.happen(...up).said()).toEqual(['memberJoined a'])
  })

  it('who was suspected and need not have been, as the stall was ours, is joining again without a word', () => {
    const world = new World().happen(seen())
    world.now = 10_000
    expect(world.happen({ type: 'tick' }).said()).toEqual(['memberSuspected a not dialled yet'])
    expect(world.happen({ type: 'stalled', delayMs: 5000 }).did()).toEqual([])
    expect(world.status('a')).toBe('joining')
  })
})
