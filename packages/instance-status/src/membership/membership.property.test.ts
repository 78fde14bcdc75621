import fc from 'fast-check'
import { expect, it } from 'vitest'
import { testRecord } from '../registry/record.fixture.js'
import { isLinked } from './facts.js'
import type { Happening } from './happening.js'
import { emptyMembership, nextDeadline, reduce, reduceAll } from './membership.js'
import type { Membership } from './state.js'

const ids = ['a', 'b', 'c'] as const

const id = fc.constantFrom(...ids)
const record = fc.record({ id, updatedAt: fc.nat(20), shared: fc.boolean() }).map(({ id: name, updatedAt, shared }) =>
  testRecord(name, { createdAt: ids.indexOf(name as 'a') * 5, updatedAt: 10 + updatedAt, ...(shared && { url: 'ws://shared:1/websocket' }) }),
)
const ending = fc.record({ by: fc.constantFrom('kernel', 'refused', 'silence', 'other'), reason: fc.constant('because') })
const happening: fc.Arbitrary<Happening> = fc.oneof(
  record.map((seen): Happening => ({ type: 'recordSeen', record: seen })),
  fc.record({ type: fc.constantFrom('recordStale', 'recordDeleted'), record }),
  fc.nat(200_000).map((startedAt): Happening => ({ type: 'registryRead', startedAt })),
  fc.constantFrom<Happening>({ type: 'registryLost' }, { type: 'registryRestored' }, { type: 'tick' }),
  fc.record({ type: fc.constantFrom('dialBegun', 'outboundUp', 'inboundUp', 'leaving', 'goodbye'), id }),
  fc.record({ type: fc.constant('notDialledBack'), id, reason: fc.constantFrom('here', 'there') }),
  fc.nat(20_000).map((delayMs): Happening => ({ type: 'stalled', delayMs })),
  fc.record({ type: fc.constantFrom('outboundDown', 'inboundDown', 'dialFailed'), id, ending }),
)
const history = fc.array(fc.tuple(happening, fc.nat(5000)), { maxLength: 60 })

/** What the mesh and the registry never do: tell of links or refusals of those who are no members, or of a loss where nothing was up. */
function possible({ members }: Membership, next: Happening): boolean {
  switch (next.type) {
    case 'outboundUp':
    case 'dialBegun':
    case 'leaving':
    case 'goodbye':
    case 'notDialledBack':
      return members.has(next.id)
    case 'dialFailed':
      return members.has(next.id) && members.get(next.id)?.facts.outbound.state !== 'up'
    case 'outboundDown':
      return members.get(next.id)?.facts.outbound.state === 'up'
    case 'inboundDown':
      return members.get(next.id)?.facts.inbound.state === 'up'
    default:
      return true
  }
}

it('whatever happens, joined and left alternate, and nobody leaves for whom both witnesses vouch', () => {
  fc.assert(
    fc.property(history, (steps) => {
      let membership = emptyMembership(testRecord('self', { url: 'ws://self:1/websocket' }), 10_000)
      let now = 0
      const joined = new Map<string, boolean>()
      for (const [next, passed] of steps) {
        now += passed
        if (!possible(membership, next)) continue
        const before = membership
        const members = [...before.members]
        const { membership: after, effects } = reduce(before, next, now)
        membership = after
        // The value that was handed in stays as it was.
        expect([...before.members]).toEqual(members)
        for (const effect of effects) {
          if (effect.type !== 'tell') continue
          const { event } = effect
          if (event.type === 'memberJoined') {
            expect(joined.get(event.id) ?? false).toBe(false)
            joined.set(event.id, true)
          } else if (event.type === 'memberLeft') {
            expect(joined.get(event.id)).toBe(true)
            joined.set(event.id, false)
            const facts = before.members.get(event.id)?.facts
            if (event.reason !== 'closed') {
              expect(after.registryReachable).toBe(true)
              expect(facts?.record.state === 'fresh' && isLinked(facts) && next.type !== 'recordStale' && next.type !== 'recordDeleted' && !next.type.endsWith('Down')).toBe(false)
            }
          } else if (event.type === 'memberForgotten') {
            expect(joined.get(event.id) ?? false).toBe(false)
            expect(before.members.get(event.id)?.verdict.status).toBe('suspect')
          } else if (event.type === 'memberRecovered') {
            expect(joined.get(event.id)).toBe(true)
          }
        }
        // A suspicion never just stops: who was told of it is told its end.
        for (const [suspect, { verdict }] of before.members) {
          if (verdict.status !== 'suspect' || after.members.has(suspect)) continue
          expect(effects.filter((effect) => effect.type === 'tell' && effect.event.id === suspect && (effect.event.type === 'memberLeft' || effect.event.type === 'memberForgotten'))).toHaveLength(1)
        }
        // Only those who are concerned were judged: to judge everyone finds nothing else, unless it is time's doing.
        const overdue = [before, after].some((one) => (nextDeadline(one) ?? Number.POSITIVE_INFINITY) <= now)
        if (!overdue) expect(reduce(after, { type: 'tick' }, now)).toEqual({ membership: after, effects: [] })
        for (const { facts, verdict, joined: told } of after.members.values()) {
          // Linked and not said goodbye: alive, whatever the record says.
          if (isLinked(facts)) expect(verdict.status).toBe('alive')
          else expect(verdict.status).not.toBe('alive')
          expect(told).toBe(joined.get(facts.id) ?? false)
          if (verdict.status === 'suspect') expect(verdict.reason).not.toBe('')
        }
      }
    }),
    { numRuns: 2000 },
  )
})

it('reduces a batch to what its happenings make one after the other, and leaves the value that was handed in as it was', () => {
  fc.assert(
    fc.property(fc.array(happening, { maxLength: 30 }), fc.array(happening, { maxLength: 30 }), fc.nat(100_000), (earlier, batch, now) => {
      const start = reduceAll(emptyMembership(testRecord('self', { url: 'ws://self:1/websocket' }), 10_000), earlier, 0).membership
      const [members, departed] = [[...start.members], [...start.departed]]
      const whole = reduceAll(start, batch, now)
      let membership = start
      const effects = batch.flatMap((next) => {
        const step = reduce(membership, next, now)
        membership = step.membership
        return step.effects
      })
      expect(whole).toEqual({ membership, effects })
      expect([...whole.membership.members.keys()]).toEqual([...membership.members.keys()])
      expect([[...start.members], [...start.departed]]).toEqual([members, departed])
    }),
    { numRuns: 2000 },
  )
})

it('forgets what it need not know: neither members nor the departed grow without bound', () => {
  let membership = emptyMembership(testRecord('self'), 10_000)
  for (let n = 0; n < 3000; n += 1) {
    const seen = testRecord(`i${n}`, { createdAt: 100 })
    membership = reduce(membership, { type: 'recordSeen', record: seen }, n).membership
    membership = reduce(membership, { type: 'recordDeleted', record: seen }, n).membership
  }
  expect(membership.members.size).toBe(0)
  expect([...membership.departed.keys()]).toEqual(Array.from({ length: 1000 }, (_, n) => `i${n + 2000}`))
})
