import { expect, it } from 'vitest'
import { seeded } from '../seeded.fixture.js'
import { testRecord } from './record.fixture.js'
import type { InstanceRecord } from './record.js'
import { RecordBook } from './record-book.js'

const ids = ['a', 'b', 'c', 'd']
const expiries = [1000, 5000, 60_000]
const holdMs = 60_000

it.each(Array.from({ length: 50 }, (_, seed) => seed))('has nothing due at the time of a read that has just been taken in, whatever came before it (seed %i)', (seed) => {
  const random = seeded(seed)
  const choose = (below: number): number => Math.floor(random() * below)
  const book = new RecordBook(1000)
  const present = new Map<string, InstanceRecord>()
  let now = 0
  for (let step = 0; step < 300; step += 1) {
    now += choose(3000)
    const id = ids[choose(ids.length)] ?? 'a'
    switch (choose(5)) {
      case 0:
        present.delete(id)
        break
      case 1: {
        const record = testRecord(id, { updatedAt: now / 1000 })
        present.set(id, { ...record, cluster: { ...record.cluster, expireAfterMs: expiries[choose(expiries.length)] ?? 1000 } })
        break
      }
      case 2: {
        const record = present.get(id)
        if (record) book.inserted(record, now)
        break
      }
      case 3:
        book.hold(now, holdMs)
        break
      default: {
        book.readBegins()
        const touched = choose(2) === 0 ? present.get(id) : undefined
        if (touched) book.inserted(touched, now)
        book.readEnds({ records: [...present.values()], databaseNow: now, isComplete: true, startedAt: now })
        const next = book.nextExpiry()
        if (next !== undefined) expect(next).toBeGreaterThan(now)
      }
    }
  }
})
