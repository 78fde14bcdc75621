import { describe, expect, it } from 'vitest'
import { Absences } from './absences.js'
import type { DepartureRow } from './departure-rows.js'

/** A row of one whose heartbeat is 100 ms; its record was renewed at `recordMovedAt`, if it has one. */
const row = (recordMovedAt: number | undefined, more: Partial<DepartureRow> = {}): DepartureRow => ({
  id: 'one', pid: 1, extraInformation: {}, joinedAt: new Date(5), heartbeatIntervalMs: 100, goodbye: false, noted: false, recordMovedAt, ...more,
})
const nobody = (): boolean => false

describe('an instance is gone for good', () => {
  it('when it said goodbye, whatever else is known', () => {
    expect(new Absences().note([row(7, { goodbye: true })], () => true, 0).gone).toHaveLength(1)
  })

  it.each([['is missing', undefined], ['is as it was', 7]])('when its record %s after two heartbeats', (_, recordMovedAt) => {
    const absences = new Absences()
    expect(absences.note([row(recordMovedAt)], nobody, 1000)).toEqual({ gone: [], nextLookMs: 200 })
    expect(absences.note([row(recordMovedAt)], nobody, 1150)).toEqual({ gone: [], nextLookMs: 50 })
    expect(absences.note([row(recordMovedAt)], nobody, 1200).gone).toEqual([row(recordMovedAt)])
  })

  it('when its record was deleted meanwhile', () => {
    const absences = new Absences()
    absences.note([row(7)], nobody, 1000)
    expect(absences.note([row(undefined)], nobody, 1200).gone).toHaveLength(1)
  })
})

describe('an instance is not gone', () => {
  it('while it is a member', () => {
    const absences = new Absences()
    const isMember = (): boolean => true
    absences.note([row(undefined)], isMember, 0)
    expect(absences.note([row(undefined)], isMember, 10_000)).toEqual({ gone: [], nextLookMs: undefined })
    // Its absence counts from when it was seen without being one.
    expect(absences.note([row(undefined)], nobody, 20_000)).toEqual({ gone: [], nextLookMs: 200 })
  })

  it('when it was a member meanwhile', () => {
    const absences = new Absences()
    absences.note([row(undefined)], nobody, 0)
    absences.left('one')
    expect(absences.note([row(undefined)], nobody, 5000)).toEqual({ gone: [], nextLookMs: 200 })
  })

  it('when its record moves, or is there again', () => {
    const absences = new Absences()
    absences.note([row(7), row(undefined, { id: 'two' })], nobody, 0)
    expect(absences.note([row(8), row(8, { id: 'two' })], nobody, 200)).toEqual({ gone: [], nextLookMs: undefined })
  })

  it('when it registered again, though its record is missing', () => {
    const absences = new Absences()
    absences.note([row(undefined)], nobody, 0)
    expect(absences.note([row(undefined, { joinedAt: new Date(9) })], nobody, 200)).toEqual({ gone: [], nextLookMs: 200 })
  })
})
