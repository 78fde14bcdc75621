import { ManualClock } from '@ddp-cluster/ddp-common/internal'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { Members } from './members.js'
import type { Happening, MembershipEvent } from './membership/happening.js'
import { testRecord } from './registry/record.fixture.js'

const checkIntervalMs = 10_000

/** Members whose links a test sets, and the events that they told. */
function membersWithLinks() {
  const clock = new ManualClock()
  const told: MembershipEvent[] = []
  const missed: Happening[] = []
  const links = { outbound: new Set<string>(), inbound: new Set<string>() }
  const ignore = (): void => undefined
  const members = new Members(clock, {
    dial: ignore, hangUp: ignore, notify: ignore, read: ignore, reap: ignore, changed: ignore,
    lookUp: () => Promise.resolve(undefined),
    tell: (event) => void told.push(event),
    linksNow: () => links,
    missed: (happening) => void missed.push(happening),
  })
  const open = (): void => members.open(testRecord('self'), { linkTimeoutMs: 60_000, checkIntervalMs })
  return { clock, told, missed, links, members, open }
}

const recordOf = (id: string): Happening => ({ type: 'recordSeen', record: testRecord(id, { url: `ws://${id}:1/websocket` }) })

type Step = { readonly kind: 'open' } | { readonly kind: 'record' | 'inboundUp' | 'outboundUp'; readonly id: string }

/** Every interleaving in which a peer is dialled only after its record was seen. */
const joins = fc.constantFrom(2, 5).chain((count) => {
  const ids = Array.from({ length: count - 1 }, (_, at) => `peer${at}`)
  const steps: Step[] = [{ kind: 'open' }, ...ids.flatMap((id): Step[] => [{ kind: 'record', id }, { kind: 'inboundUp', id }, { kind: 'outboundUp', id }])]
  return fc.shuffledSubarray(steps, { minLength: steps.length }).map((shuffled) => ({ ids, steps: inCausalOrder(shuffled) }))
})

function inCausalOrder(steps: readonly Step[]): Step[] {
  const isSwapped = (step: Step, at: number): boolean => step.kind === 'outboundUp' && steps.slice(at).some((later) => later.kind === 'record' && later.id === step.id)
  return steps.map((step, at): Step => {
    if (step.kind === 'open') return step
    if (isSwapped(step, at)) return { kind: 'record', id: step.id }
    const isFirst = step.kind === 'record' && steps.slice(0, at).some((earlier) => earlier.kind === 'outboundUp' && earlier.id === step.id)
    return isFirst ? { kind: 'outboundUp', id: step.id } : step
  })
}

describe('Members', () => {
  it('take every peer for alive and tell each join once, in whatever order record, dial, subscription and registration come', () => {
    fc.assert(
      fc.property(joins, ({ ids, steps }) => {
        const { members, told, open } = membersWithLinks()
        for (const step of steps) {
          if (step.kind === 'open') open()
          else if (step.kind === 'record') members.happened(recordOf(step.id))
          else members.happened({ type: step.kind, id: step.id })
        }
        expect(members.views(new Map()).map(({ id, status }) => `${id} ${status}`).sort()).toEqual(ids.map((id) => `${id} alive`))
        expect(told.map(({ type, id }) => `${type} ${id}`).sort()).toEqual(ids.map((id) => `memberJoined ${id}`))
        members.close()
      }),
      { numRuns: 500 },
    )
  })

  it('make up for a lost happening at the next check, and only then', () => {
    fc.assert(
      fc.property(fc.constantFrom('outboundUp', 'inboundUp', 'outboundDown', 'inboundDown'), (lost) => {
        const { clock, members, missed, links, told, open } = membersWithLinks()
        open()
        members.happened(recordOf('peer'))
        for (const type of ['outboundUp', 'inboundUp'] as const) if (type !== lost) members.happened({ type, id: 'peer' })
        if (!lost.startsWith('outboundD')) links.outbound.add('peer')
        if (!lost.startsWith('inboundD')) links.inbound.add('peer')
        clock.advance(checkIntervalMs - 1)
        expect(missed).toEqual([])
        clock.advance(1)
        expect(missed.map(({ type }) => type)).toEqual([lost])
        expect(members.verdictOf('peer')?.status).toBe(lost.endsWith('Up') ? 'alive' : 'suspect')
        expect(told.filter(({ type }) => type === 'memberJoined')).toHaveLength(1)
        clock.advance(5 * checkIntervalMs)
        expect(missed).toHaveLength(1)
        members.close()
        expect(clock.pending).toBe(0)
      }),
    )
  })
})
