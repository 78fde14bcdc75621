import { describe, expect, it } from 'vitest'
import { BroadcastLog, type LogBounds } from './log.js'

const log = (bounds: Partial<LogBounds> = {}): BroadcastLog => new BroadcastLog({ maxBytes: 1000, maxEntries: 1000, maxAgeMs: 1000, ...bounds })
const append = (one: BroadcastLog, text: string, { at = 0, stream = 's', to }: { at?: number; stream?: string; to?: string } = {}, maxBytes = 1e6): number | undefined =>
  one.append('', text, { at, stream, to }, maxBytes)
/** The event as it stands in the log, without its offset. */
const at = (one: BroadcastLog, seq: number): string | undefined => {
  const segment = one.segmentOf(seq)
  const text = segment?.bytes.subarray(segment.startOf(seq), segment.endOf(seq)).toString()
  const offset = segment && `,${seq - segment.base},`
  return offset !== undefined && text?.startsWith(offset) ? text.slice(offset.length) : text
}
/** What stands before an event: `,0,`. */
const before = 3

describe('BroadcastLog', () => {
  it('numbers from one, and finds what it has', () => {
    const one = log()
    expect([one.head, one.oldest, at(one, 1)]).toEqual([0, 1, undefined])
    expect(['a', 'b', 'c'].map((text) => append(one, text))).toEqual([1, 2, 3])
    expect([0, 1, 2, 3, 4].map((seq) => at(one, seq))).toEqual([undefined, 'a', 'b', 'c', undefined])
  })

  it.each([
    ['entries', { maxEntries: 2 }, 4],
    ['bytes', { maxBytes: 2 * (2 + before) + 1 }, 4],
    ['age', { maxAgeMs: 1 }, 4],
  ])('drops the oldest beyond its bound of %s', (_, bounds, oldest) => {
    const one = log(bounds)
    for (let n = 1; n <= 5; n += 1) append(one, `${n}.`, { at: n })
    expect([one.oldest, one.head, at(one, oldest - 1), at(one, oldest)]).toEqual([oldest, 5, undefined, '4.'])
    expect(one.bytes).toBe(2 * (2 + before))
  })

  it('knows the age of an event that comes months after the one before it', () => {
    const one = log()
    append(one, 'a')
    const months = 2 ** 33
    for (const text of ['b', 'c']) append(one, text, { at: months })
    expect([one.oldest, at(one, 2), at(one, 3)]).toEqual([2, 'b', 'c'])
  })

  it('keeps the newest, whatever its size', () => {
    const one = log({ maxBytes: 5 })
    append(one, 'x'.repeat(1_000_000))
    expect([at(one, 1)?.length, one.bytes]).toEqual([1_000_000, 1_000_000 + before])
    append(one, 'y')
    expect([one.oldest, at(one, 2), one.bytes]).toEqual([2, 'y', 1 + before])
  })

  it('measures an event in bytes, and takes none that is larger than it may be', () => {
    const one = log()
    expect([append(one, 'ééé', {}, 6), append(one, 'ééé', {}, 5), append(one, '€€', {}, 6), append(one, '😀', {}, 3)]).toEqual([1, undefined, 2, undefined])
    expect(append(one, 'x'.repeat(300_000), {}, 299_999)).toBeUndefined()
    expect([at(one, 1), at(one, 2), one.head]).toEqual(['ééé', '€€', 2])
  })

  it('finds everything while it gives space back, whatever the sizes', () => {
    const one = log({ maxEntries: 3000, maxBytes: 3_000_000 })
    const text = (n: number): string => `${n} ${(n % 7 === 0 ? '€' : 'x').repeat((n * 7919) % (n % 100 === 0 ? 400_000 : 1500))}`
    for (let n = 1; n <= 10_000; n += 1) {
      append(one, text(n), {}, 2_000_000)
      for (const seq of [n, one.oldest, (n + one.oldest) >> 1]) if (at(one, seq) !== text(seq)) throw new Error(`${seq} is lost`)
      if (one.bytesAfter(n - 1) !== Buffer.byteLength(text(n)) + `,${n - (one.segmentOf(n)?.base ?? 0)},`.length) throw new Error(`${n} is measured wrongly`)
    }
    expect(one.bytesAfter(0)).toBe(one.bytes)
    expect(one.bytes).toBeLessThanOrEqual(3_000_000)
  })

  it('knows how much lies behind a number', () => {
    const one = log({ maxEntries: 3 })
    expect(one.bytesAfter(0)).toBe(0)
    for (const text of ['aaaa', 'bb', 'c', 'd']) append(one, text)
    expect([0, 1, 2, 3, 4, 9].map((seq) => one.bytesAfter(seq))).toEqual([4 + 3 * before, 4 + 3 * before, 2 + 2 * before, 1 + before, 0, 0])
  })

  it('says of what it dropped whether somebody wanted it', () => {
    const one = log({ maxEntries: 1 })
    for (const stream of ['a', 'b', 'a', 'c']) append(one, 'x', { stream })
    const loss = (after: number, ...streams: string[]): string => one.lossSince(after, new Set(streams))
    expect(loss(0, 'd')).toBe('none')
    expect(loss(0, 'a')).toBe('at most')
    expect(loss(2, 'a')).toBe('exact')
    expect(loss(2, 'b')).toBe('none')
    expect(loss(0, 'a', 'b')).toBe('exact')
    expect(one.lossSince(0, 'all')).toBe('exact')
  })

  it('counts what was for one instance alone as perhaps lost to the others', () => {
    const one = log({ maxEntries: 1 })
    append(one, 'x', { stream: 'a', to: 'somebody' })
    append(one, 'x', { stream: 'a' })
    append(one, 'x', { stream: 'a' })
    expect([one.lossSince(0, 'all'), one.lossSince(1, 'all'), one.lossSince(0, new Set(['b']))]).toEqual(['at most', 'exact', 'none'])
  })

  it('remembers of a thousand streams what was dropped, and says what it does not know any more', () => {
    const one = log({ maxEntries: 1 })
    for (let n = 1; n <= 1100; n += 1) append(one, 'x', { stream: `stream ${n}` })
    expect([one.lossSince(0, new Set(['other'])), one.lossSince(500, new Set(['other']))]).toEqual(['at most', 'none'])
  })
})
