import { describe, expect, it } from 'vitest'
import { BroadcastLog, type LogBounds } from './log.js'

const log = (bounds: Partial<LogBounds> = {}): BroadcastLog => new BroadcastLog({ maxBytes: 1000, maxEntries: 1000, maxAgeMs: 1000, ...bounds })
const entry = (text: string, at = 0, stream = 's', to?: string) => ({ text, bytes: text.length, at, stream, to })

describe('BroadcastLog', () => {
  it('numbers from one, and finds what it has', () => {
    const one = log()
    expect([one.head, one.oldest, one.at(1)]).toEqual([0, 1, undefined])
    expect(['a', 'b', 'c'].map((text) => one.append(entry(text)))).toEqual([1, 2, 3])
    expect([0, 1, 2, 3, 4].map((seq) => one.at(seq)?.text)).toEqual([undefined, 'a', 'b', 'c', undefined])
  })

  it.each([
    ['entries', { maxEntries: 2 }, 4],
    ['bytes', { maxBytes: 5 }, 4],
    ['age', { maxAgeMs: 1 }, 4],
  ])('drops the oldest beyond its bound of %s', (_, bounds, oldest) => {
    const one = log(bounds)
    for (let n = 1; n <= 5; n += 1) one.append(entry(`${n}.`, n))
    expect([one.oldest, one.head, one.at(oldest - 1), one.at(oldest)?.text]).toEqual([oldest, 5, undefined, '4.'])
    expect(one.bytes).toBe(4)
  })

  it('keeps the newest, whatever its size', () => {
    const one = log({ maxBytes: 5 })
    one.append(entry('x'.repeat(100)))
    expect(one.at(1)?.bytes).toBe(100)
    one.append(entry('y'))
    expect([one.oldest, one.bytes]).toEqual([2, 1])
  })

  it('finds everything while it gives space back', () => {
    const one = log({ maxEntries: 10, maxBytes: 1e6 })
    for (let n = 1; n <= 10_000; n += 1) {
      one.append(entry(String(n)))
      expect(one.at(n)?.text).toBe(String(n))
      expect(one.at(one.oldest)?.text).toBe(String(one.oldest))
    }
  })

  it('knows how much lies behind a number', () => {
    const one = log({ maxEntries: 3 })
    expect(one.bytesAfter(0)).toBe(0)
    for (const text of ['aaaa', 'bb', 'c', 'd']) one.append(entry(text))
    expect([0, 1, 2, 3, 4, 9].map((seq) => one.bytesAfter(seq))).toEqual([4, 4, 2, 1, 0, 0])
  })

  it('says of what it dropped whether somebody wanted it', () => {
    const one = log({ maxEntries: 1 })
    for (const stream of ['a', 'b', 'a', 'c']) one.append(entry('x', 0, stream))
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
    one.append(entry('x', 0, 'a', 'somebody'))
    one.append(entry('x', 0, 'a'))
    one.append(entry('x', 0, 'a'))
    expect([one.lossSince(0, 'all'), one.lossSince(1, 'all'), one.lossSince(0, new Set(['b']))]).toEqual(['at most', 'exact', 'none'])
  })

  it('remembers of a thousand streams what was dropped, and says what it does not know any more', () => {
    const one = log({ maxEntries: 1 })
    for (let n = 1; n <= 1100; n += 1) one.append(entry('x', 0, `stream ${n}`))
    expect([one.lossSince(0, new Set(['other'])), one.lossSince(500, new Set(['other']))]).toEqual(['at most', 'none'])
  })
})
