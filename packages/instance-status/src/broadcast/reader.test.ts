import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import type { DataMessage } from '@ddp-cluster/ddp-common'
import { Reader } from './reader.js'
import { decodeFrame, encodeArgs, encodeFrame, encodeFrom, encodeGap, encodeName, type Frame } from './wire.js'

type Data = Exclude<Frame, { kind: 'from' }>

const decoded = (message: unknown): Data => {
  const frame = decodeFrame(message as DataMessage)
  if (!frame || frame.kind === 'from') throw new Error('no frame of data')
  return frame
}
const frame = (bytes: Buffer): Data => decoded(JSON.parse(bytes.toString()))
const events = (first: number, count: number, stream = 's'): Data =>
  frame(encodeFrame(Buffer.alloc(1000), first, first - 1, first + count - 1, Array.from({ length: count }, (_, index) => Buffer.from(`,${index},${encodeName(stream, 'e')}${encodeArgs([first + index])}`))))
const take = (reader: Reader, received: Data): unknown[] => {
  const { events: news, losses } = reader.receive('a', received)
  return [...news.map(({ seq }) => seq), ...losses.map(({ after, lost, exact }) => `${exact ? '' : 'at most '}${lost} after ${after}`)]
}
const nobody = (): boolean => false
const listening = (...streams: string[]): Reader => {
  const reader = new Reader(nobody)
  reader.confirm('a', 1, new Set(streams))
  return reader
}

describe('Reader', () => {
  it('gives out each number once, whatever is sent again', () => {
    const reader = new Reader(nobody)
    expect(reader.position('a')).toBeUndefined()
    reader.confirm('a', 5, new Set(['s']))
    expect(reader.position('a')).toBe(4)
    expect(take(reader, events(5, 3))).toEqual([5, 6, 7])
    expect(take(reader, events(6, 4))).toEqual([8, 9])
    expect(take(reader, events(5, 3))).toEqual([])
    expect(reader.position('a')).toBe(9)
  })

  it('says exactly what is lost, once', () => {
    const reader = listening('s')
    take(reader, events(1, 2))
    expect(take(reader, frame(encodeGap(2, 10, true)))).toEqual(['7 after 2'])
    expect(take(reader, frame(encodeGap(2, 10, true)))).toEqual([])
    expect(take(reader, frame(encodeGap(5, 12, false)))).toEqual(['at most 2 after 9'])
    expect(take(reader, events(12, 1))).toEqual([12])
    expect(take(reader, events(15, 1))).toEqual([15, 'at most 2 after 12'])
  })

  it('passes an event that cannot be understood, and counts it', () => {
    const deep: unknown = JSON.parse('['.repeat(5000) + ']'.repeat(5000))
    const broken = [0, 's', 'e', [], 1, 's', 7, [], 2, 's', 'e', [{ $type: 'unknown', $value: 1 }], 3, 's', 'e', [deep], 4, 's', 'e', []]
    const message = { msg: 'changed', collection: 'cluster.broadcast', id: '1', fields: { after: 0, last: 5, events: broken } }
    expect(take(listening('s'), decoded(message))).toEqual([1, 5, '1 after 1', '1 after 2', '1 after 3'])
  })

  it('gives nothing to who began to listen after it was emitted, also when it is sent again', () => {
    const reader = listening('s')
    expect(take(reader, events(1, 2, 'new'))).toEqual([])
    reader.confirm('a', 6, new Set(['s', 'new']))
    expect(take(reader, events(3, 4, 'new'))).toEqual([6])
    expect(take(reader, events(7, 1, 'new'))).toEqual([7])
  })

  it('begins anew with a stream that nobody listened to for a while', () => {
    const reader = listening('s')
    take(reader, events(1, 1))
    reader.forget('s')
    expect(reader.isKnown('a', 's')).toBe(false)
    expect(take(reader, events(2, 1))).toEqual([])
    reader.confirm('a', 5, new Set(['s']))
    expect(take(reader, events(3, 3))).toEqual([5])
  })

  it('says when a number has been reached and dispatched', () => {
    const reader = listening('s')
    const reached: number[] = []
    reader.whenReached('a', 0, () => reached.push(0))
    reader.whenReached('a', 2, () => reached.push(2))
    reader.whenReached('a', 3, () => reached.push(3))()
    reader.receive('a', events(1, 3))
    expect(reached).toEqual([0])
    reader.dispatched('a')
    expect(reached).toEqual([0, 2])
    expect(reader.waitingFor('a')).toBe(0)
  })

  it('has reached a number when the sender says that reading begins behind it', () => {
    const reader = new Reader(nobody)
    let reached = 0
    reader.whenReached('a', 5, () => (reached += 1))
    reader.confirm('a', 6, new Set(['s']))
    expect(reached).toBe(1)
  })

  it('calls no loss exact that begins before a stream was listened to, or is of more streams than can be named', () => {
    const reader = listening('s')
    reader.confirm('a', 6, new Set(['s', 'new']))
    expect(take(reader, frame(encodeGap(0, 5, true)))).toEqual(['at most 4 after 0'])
    expect(take(reader, frame(encodeGap(5, 8, true)))).toEqual(['2 after 5'])
    const many = listening(...Array.from({ length: 1001 }, (_, n) => `s${n}`))
    expect(take(many, frame(encodeGap(0, 5, true)))).toEqual(['at most 4 after 0'])
  })

  it('counts what comes from the log of a sender that goes on after a cut', () => {
    const reader = listening('s')
    const replayed = (first: number, count: number): number => reader.receive('a', events(first, count)).replayed
    expect(replayed(1, 2)).toBe(0)
    // The link is up again, and number 6 is the first that was emitted since.
    reader.resumed('a', 6)
    expect(replayed(1, 4)).toBe(2)
    expect(replayed(5, 3)).toBe(1)
    expect(replayed(8, 2)).toBe(0)
  })

  it('says of a sender that left what of its last events did not come, once', () => {
    const reader = listening('s')
    take(reader, events(1, 2))
    expect(reader.ended('a')).toEqual({ events: [], losses: [], replayed: 0 })
    reader.leaves('a', 2)
    expect(reader.ended('a')).toEqual({ events: [], losses: [], replayed: 0 })
    reader.leaves('a', 5)
    expect(reader.ended('a')).toEqual({ events: [], losses: [{ after: 2, lost: 3, exact: false }], replayed: 0 })
    expect(reader.position('a')).toBe(2)
    expect(reader.ended('a').losses).toEqual([])
  })

  it('says nothing of one that left and was never heard, or of which nothing was wanted', () => {
    const reader = new Reader(nobody)
    expect(reader.ended('unknown').losses).toEqual([])
    expect(reader.isKnown('unknown', 's')).toBe(false)
    expect(reader.waitingFor('unknown')).toBe(0)
    reader.leaves('a', 5)
    expect(reader.ended('a').losses).toEqual([])
    reader.confirm('a', 1, new Set())
    expect(reader.ended('a').losses).toEqual([])
  })

  it('tells those who wait only of the sender that they wait for', () => {
    const reader = listening('s')
    const takeBack = reader.whenReached('a', 5, () => expect.unreachable())
    reader.whenReached('never heard', 0, () => expect.unreachable())
    expect([reader.waitingFor('a'), reader.waitingFor('never heard')]).toEqual([1, 1])
    take(reader, events(1, 4))
    reader.dispatched('a')
    reader.dispatched('unknown')
    takeBack()
    expect(reader.waitingFor('a')).toBe(0)
  })

  it('counts an event that cannot be understood once, however often it is sent', () => {
    const reader = listening('s')
    const message = (after: number, last: number, list: unknown[]): Data => decoded({ msg: 'changed', collection: 'cluster.broadcast', id: '1', fields: { after, last, events: list } })
    expect(take(reader, message(0, 2, [0, 's', 'e', [], 1, 's', 7, []]))).toEqual([1, '1 after 1'])
    expect(take(reader, message(0, 3, [0, 's', 'e', [], 1, 's', 7, [], 2, 's', 7, []]))).toEqual(['1 after 2'])
  })

  it('calls a loss exact again once what was asked for later has begun', () => {
    const reader = listening('s')
    take(reader, events(1, 2))
    reader.confirm('a', 3, new Set(['s', 'at once']))
    reader.confirm('a', 6, new Set(['s', 'at once', 'later']))
    expect(take(reader, frame(encodeGap(2, 4, true)))).toEqual(['at most 1 after 2'])
    expect(take(reader, events(4, 3))).toEqual([4, 5, 6])
    expect(take(reader, frame(encodeGap(6, 9, true)))).toEqual(['2 after 6'])
    expect(take(reader, events(9, 1, 'at once'))).toEqual([9])
    const prompt = listening('s')
    prompt.confirm('a', 1, new Set(['s', 'at once']))
    expect(take(prompt, frame(encodeGap(0, 3, true)))).toEqual(['2 after 0'])
  })

  it('calls a loss exact of just so many streams as can be named, when it asked for no more', () => {
    expect(take(listening(...Array.from({ length: 1000 }, (_, n) => `s${n}`)), frame(encodeGap(0, 5, true)))).toEqual(['4 after 0'])
    const reader = new Reader(nobody)
    reader.confirm('a', 1, new Set(['s']), 2)
    expect(take(reader, frame(encodeGap(0, 5, true)))).toEqual(['at most 4 after 0'])
  })

  it('forgets the senders of long ago, and no member however long it is silent', () => {
    const reader = new Reader((id) => id === 'a')
    for (const id of ['a', 'gone']) reader.confirm(id, 1, new Set(['s']))
    for (let n = 0; n < 1000; n += 1) reader.confirm(`other ${n}`, 1, new Set(['s']))
    expect(reader.position('gone')).toBeUndefined()
    expect(take(reader, events(1, 1))).toEqual([1])
  })
})

describe('a frame', () => {
  it.each([
    ['another message', { msg: 'added', collection: 'cluster.broadcast', id: '1', fields: {} }],
    ['another collection', { msg: 'changed', collection: 'users', id: '1', fields: { after: 0, last: 1, events: [] } }],
    ['no fields', { msg: 'changed', collection: 'cluster.broadcast', id: '1' }],
    ['an id that is no number', { msg: 'changed', collection: 'cluster.broadcast', id: 'x', fields: { after: 0, last: 1, events: [] } }],
    ['an end before its beginning', { msg: 'changed', collection: 'cluster.broadcast', id: '5', fields: { after: 4, last: 3, events: [] } }],
    ['no beginning', { msg: 'changed', collection: 'cluster.broadcast', id: '5', fields: { last: 6, events: [] } }],
    ['a gap that leads back', { msg: 'changed', collection: 'cluster.broadcast', id: '5', fields: { gap: { after: 5, next: 5 } } }],
    ['a gap of no numbers', { msg: 'changed', collection: 'cluster.broadcast', id: '5', fields: { gap: { after: -1, next: 1e300 } } }],
    ['an answer without a number', { msg: 'changed', collection: 'cluster.broadcast', id: '5', fields: { from: 'now' } }],
    ['numbers that go back', { msg: 'changed', collection: 'cluster.broadcast', id: '5', fields: { after: 4, last: 6, events: [1, 's', 'e', [], 0, 's', 'e', []] } }],
    ['numbers beyond its end', { msg: 'changed', collection: 'cluster.broadcast', id: '5', fields: { after: 4, last: 6, events: [9, 's', 'e', []] } }],
    ['an event with a part missing', { msg: 'changed', collection: 'cluster.broadcast', id: '5', fields: { after: 4, last: 6, events: [0, 's', 'e'] } }],
    ['what is no event', { msg: 'changed', collection: 'cluster.broadcast', id: '5', fields: { after: 4, last: 6, events: ['event', 's', 'e', []] } }],
  ])('is not made of %s', (_, message) => {
    expect(decodeFrame(message as unknown as DataMessage)).toBeUndefined()
  })

  it('is what was encoded', () => {
    expect(decodeFrame(JSON.parse(encodeFrom(7).toString()) as DataMessage)).toEqual({ kind: 'from', from: 7 })
    const at = new Date(1e12)
    const bytes = encodeFrame(Buffer.alloc(1000), 2, 2, 9, [`,1,${encodeName('s', 'e')}${encodeArgs(['x', at])}`, `,7,${encodeName('t', 'f')}${encodeArgs([])}`].map((text) => Buffer.from(text)))
    expect(frame(bytes)).toEqual({ kind: 'events', after: 2, last: 9, broken: [], events: [{ seq: 3, stream: 's', event: 'e', args: ['x', at] }, { seq: 9, stream: 't', event: 'f', args: [] }] })
  })

  it('is what PROTOCOL.md shows', () => {
    const blocks = [...readFileSync(new URL('../../../../PROTOCOL.md', import.meta.url), 'utf8').matchAll(/^```json\n(.*?)^```/gms)].map(([, json]) => JSON.parse(json ?? '') as Record<string, unknown>)
    const frames = blocks.filter((block) => block['collection'] === 'cluster.broadcast').map((block) => decodeFrame(block as unknown as DataMessage))
    expect(frames).toEqual([
      { kind: 'from', from: 42 },
      { kind: 'events', after: 41, last: 45, broken: [], events: [{ seq: 42, stream: 'room', event: 'message', args: ['hello'] }, { seq: 45, stream: 'room', event: 'typing', args: ['ann', new Date(5)] }] },
      { kind: 'gap', after: 45, next: 500, exact: true },
    ])
  })
})
