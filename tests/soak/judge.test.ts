import { describe, expect, it } from 'vitest'
import { judge } from './judge.js'
import type { Sample } from './messages.js'
import type { Course, Look, MongoSample } from './samples.js'

const mib = 1_048_576
const hour = 3_600_000
const everyMs = 10_000
const instances = 3
const perSecond = 300

/** What differs from a flat course, for the second instance or for MongoDB, by the time. */
interface Change {
  readonly forMs?: number
  readonly member?: (atMs: number) => Partial<Sample>
  readonly mongo?: (atMs: number) => Partial<MongoSample>
  readonly wrong?: readonly string[] | undefined
}

/** A course with noise of one hundredth, as real heaps have. */
function course({ forMs = 2 * hour, member = () => ({}), mongo = () => ({}), ...rest }: Change = {}): Course {
  const looks = Array.from({ length: Math.floor(forMs / everyMs) }, (_, index): Look => {
    const atMs = (index + 1) * everyMs
    const emitted = (atMs / 1000) * (perSecond / instances)
    const flat: Sample = {
      heapBytes: (20 + ((index * 7) % 5) / 25) * mib, rssBytes: 120 * mib, externalBytes: 27 * mib, arrayBuffersBytes: 25 * mib, descriptors: 42 + (index % 2),
      resources: { TCPSocketWrap: 13, Timeout: 21 + (index % 4) }, cpuMs: atMs / 10, emitted, heard: emitted * instances, lost: 0, calls: 1, failedCalls: 0,
    }
    return { atMs, members: Array.from({ length: instances }, (_element, which) => ({ ...flat, ...(which === 1 && member(atMs)) })), mongo: { ...flat, writes: 0, ...mongo(atMs) }, answers: 1 }
  })
  return { plan: { startedAt: '2026-01-01T00:00:00.000Z', forMs, instances, perSecond, node: 'v20' }, looks, ...('wrong' in rest ? (rest.wrong && { wrong: rest.wrong }) : { wrong: [] }) }
}

const violations = (change?: Change): string => judge(course(change)).violations.join('\n')

describe('nothing is violated', () => {
  it('by a flat course', () => expect(violations()).toBe(''))
  it('by what the first ten minutes fill', () => expect(violations({ member: (atMs) => ({ heapBytes: Math.min(20, 10 + atMs / 60_000) * mib }) })).toBe(''))
  it('by a peak that goes', () => expect(violations({ member: (atMs) => (Math.abs(atMs - hour) < 600_000 ? { heapBytes: 60 * mib } : {}) })).toBe(''))
  it('by one look that was unlucky, the last', () => expect(violations({ member: (atMs) => (atMs === 2 * hour ? { heapBytes: 60 * mib, descriptors: 60 } : {}) })).toBe(''))
  it('by what becomes less', () => expect(violations({ member: (atMs) => ({ heapBytes: (40 - atMs / 360_000) * mib }) })).toBe(''))
  it('by connections that the drivers open to MongoDB, one for each instance', () => expect(violations({ mongo: (atMs) => ({ descriptors: atMs > hour ? 46 : 43 }) })).toBe(''))
  it('by the log that MongoDB keeps of what is written', () => expect(violations({ mongo: (atMs) => ({ heapBytes: (20 + atMs / hour) * mib, writes: Math.floor(atMs / 1000) }) })).toBe(''))
  it('in a short run by what still fills', () => expect(violations({ forMs: 600_000, member: (atMs) => ({ heapBytes: (20 + atMs / 400_000) * mib }) })).toBe(''))
})

describe('violated is', () => {
  it('the heap of one that leaks a mebibyte an hour', () => expect(violations({ member: (atMs) => ({ heapBytes: (20 + atMs / hour) * mib }) })).toMatch(/^instance 2: heap went from \d+ to \d+, at most \d+ was allowed$/))
  it('the heap after a step, also a late one', () => expect(violations({ member: (atMs) => ({ heapBytes: (atMs > 1.9 * hour ? 22 : 20) * mib }) })).toMatch(/^instance 2: heap/))
  it('a descriptor that is lost every ten minutes', () => expect(violations({ member: (atMs) => ({ descriptors: 42 + Math.floor(atMs / 600_000) }) })).toMatch(/^instance 2: descriptors went from 43 to 53, at most 45/))
  it('a timer that is forgotten every ten minutes', () => expect(violations({ member: (atMs) => ({ resources: { TCPSocketWrap: 13, Timeout: 21 + Math.floor(atMs / 600_000) } }) })).toMatch(/^instance 2: Timeout/))
  it('a kind of resource that was not there at first', () => expect(violations({ member: (atMs) => ({ resources: atMs > hour ? { FSReqCallback: 8 } : {} }) })).toMatch(/instance 2: FSReqCallback went from 0 to 8/))
  it('what is outside the heap, and what is resident', () => {
    const grows = (atMs: number): number => (atMs / hour) * 20 * mib
    expect(violations({ member: (atMs) => ({ externalBytes: 27 * mib + grows(atMs), rssBytes: 120 * mib + grows(atMs) }) })).toMatch(/^instance 2: outside the heap .*\ninstance 2: rss .*$/)
  })
  it('the heap of MongoDB, when it grows by more than its log', () => expect(violations({ mongo: (atMs) => ({ heapBytes: (20 + 4 * (atMs / hour)) * mib, writes: Math.floor(atMs / 1000) }) })).toMatch(/^MongoDB: heap/))
  it('the process of MongoDB as well', () => expect(violations({ mongo: (atMs) => ({ heapBytes: (20 + atMs / hour) * mib }) })).toMatch(/^MongoDB: heap/))
  it('a short run that leaks fast', () => expect(violations({ forMs: 600_000, member: (atMs) => ({ heapBytes: (20 + atMs / 60_000) * mib }) })).toMatch(/^instance 2: heap/))
  it('a load that was not borne', () => expect(violations({ member: () => ({ emitted: 0 }) })).toBe('1440000 events were emitted, 2160000 were asked for'))
  it('what was wrong about the events', () => expect(violations({ wrong: ['3 of a was heard when 2 was due'] })).toBe('3 of a was heard when 2 was due'))
  it('a run that was broken off', () => expect(violations({ wrong: undefined })).toMatch(/^the run is not over/))
  it('a run too short to say anything', () => expect(violations({ forMs: 60_000 })).toBe('5 looks are too few to judge'))
})

it('the growth an hour is told of every figure', () => {
  const { findings } = judge(course({ member: (atMs) => ({ rssBytes: (120 + 3 * (atMs / hour)) * mib }) }))
  expect(findings.find(({ process, what }) => process === 'instance 2' && what === 'rss')?.perHour).toBeCloseTo(3 * mib, 0)
})
