import { describe, expect, it } from 'vitest'
import { testRecord } from './record.fixture.js'
import type { InstanceRecord } from './record.js'
import { RecordBook } from './record-book.js'

/** A full read at monotonic second `at`, with the database's clock at second `databaseAt`. */
function read(book: RecordBook, records: InstanceRecord[], at: number, databaseAt = at) {
  book.readBegins()
  return book.readEnds({ records, startedAt: at * 1000, databaseNow: databaseAt * 1000, isComplete: true })
}

const types = (events: { type: string; record: InstanceRecord }[]): string[] => events.map(({ type, record }) => `${type} ${record._id}`)

describe('RecordBook', () => {
  it('tells of records it sees, and of those that are gone', () => {
    const book = new RecordBook(1000)
    expect(types(read(book, [testRecord('a'), testRecord('b')], 0))).toEqual(['seen a', 'seen b'])
    expect(types(read(book, [testRecord('a')], 1))).toEqual(['deleted b'])
    expect(types(read(book, [testRecord('a')], 2))).toEqual([])
  })

  it('calls stale what has not moved for its own time, and not a moment before', () => {
    const book = new RecordBook(1000)
    read(book, [testRecord('a')], 0)
    expect(types(read(book, [testRecord('a')], 59.9))).toEqual([])
    expect(book.nextExpiry()).toBe(60_000)
    expect(types(read(book, [testRecord('a')], 60))).toEqual(['stale a'])
    expect(types(read(book, [testRecord('a')], 61))).toEqual([])
    expect(types(read(book, [testRecord('a', { updatedAt: 61 })], 62))).toEqual(['seen a'])
  })

  it('asks for movement only: dates of the future or the year 2257, and a database clock that jumps, change nothing', () => {
    const book = new RecordBook(1000)
    const future = (seconds: number) => testRecord('a', { updatedAt: 9_057_000_000 + seconds })
    expect(types(read(book, [future(0)], 0))).toEqual(['seen a'])
    expect(types(read(book, [future(-120)], 50, -70))).toEqual(['seen a'])
    expect(types(read(book, [future(-120)], 109))).toEqual([])
    expect(types(read(book, [future(-120)], 110))).toEqual(['stale a'])
  })

  it('holds a record against the database clock at first sight alone: a ghost is never told of', () => {
    const book = new RecordBook(1000)
    expect(types(read(book, [testRecord('ghost')], 0, 60))).toEqual([])
    expect(book.find('ghost')).toBeUndefined()
    expect(types(read(book, [], 1, 61))).toEqual(['deleted ghost'])
  })

  it('believes the change stream over a read that was under way', () => {
    const book = new RecordBook(1000)
    read(book, [testRecord('a')], 0)
    book.readBegins()
    expect(types(book.inserted(testRecord('b'), 1000))).toEqual(['seen b'])
    expect(types(book.readEnds({ records: [testRecord('a')], startedAt: 900, databaseNow: 900, isComplete: true }))).toEqual([])
    expect(['a', 'b'].map((id) => book.find(id)?._id)).toEqual(['a', 'b'])
  })

  it('concludes nothing for a while after an outage', () => {
    const book = new RecordBook(1000)
    read(book, [testRecord('a'), testRecord('b')], 0)
    book.hold(180_000, 60_000)
    expect(types(read(book, [testRecord('a')], 180))).toEqual([])
    expect(types(read(book, [], 239))).toEqual([])
    expect(types(read(book, [testRecord('b', { updatedAt: 200 })], 240))).toEqual(['seen b', 'deleted a'])
  })
})
