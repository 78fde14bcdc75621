import { describe, expect, it } from 'vitest'
import { Reader } from './reader.js'
import { decodeFrame, encodeEvent, encodeFrame, encodeGap, type Frame } from './wire.js'
import type { DataMessage } from '@ddp-cluster/ddp-common'

const frame = (bytes: Buffer): Frame => {
  const decoded = decodeFrame(JSON.parse(bytes.toString()) as DataMessage)
  if (!decoded) throw new Error('no frame')
  return decoded
}
const events = (first: number, count: number): Frame => frame(encodeFrame(first, Array.from({ length: count }, (_, index) => encodeEvent('s', 'e', [first + index]))))
const take = (reader: Reader, received: Frame): unknown[] => {
  const { events: news, lost } = reader.receive('a', received)
  return [...news.map(({ seq }) => seq), ...(lost > 0 ? [`lost ${lost}`] : [])]
}

describe('Reader', () => {
  it('gives out each number once, whatever is sent again', () => {
    const reader = new Reader()
    expect(reader.position('a')).toBeUndefined()
    expect(take(reader, events(5, 0))).toEqual([])
    expect(reader.position('a')).toBe(4)
    expect(take(reader, events(5, 3))).toEqual([5, 6, 7])
    expect(take(reader, events(6, 4))).toEqual([8, 9])
    expect(take(reader, events(5, 3))).toEqual([])
    expect(reader.position('a')).toBe(9)
  })

  it('counts exactly what is lost, once', () => {
    const reader = new Reader()
    take(reader, events(1, 2))
    expect(take(reader, frame(encodeGap(2, 10)))).toEqual(['lost 7'])
    expect(take(reader, frame(encodeGap(2, 10)))).toEqual([])
    expect(take(reader, events(10, 1))).toEqual([10])
    expect(take(reader, events(13, 1))).toEqual([13, 'lost 2'])
  })

  it('passes an event that cannot be understood, and counts it', () => {
    const reader = new Reader()
    const broken = { msg: 'changed', collection: 'cluster.broadcast', id: '1', fields: { last: 3, events: [[0, 's', 'e', []], [1, 's', 7, []], [2, 's', 'e', []]] } } as DataMessage
    const decoded = decodeFrame(broken)
    expect(decoded && take(reader, decoded)).toEqual([1, 3, 'lost 1'])
  })
})

describe('a frame', () => {
  it.each([
    ['another message', { msg: 'added', collection: 'cluster.broadcast', id: '1', fields: {} }],
    ['another collection', { msg: 'changed', collection: 'users', id: '1', fields: { last: 1, events: [] } }],
    ['no fields', { msg: 'changed', collection: 'cluster.broadcast', id: '1' }],
    ['an id that is no number', { msg: 'changed', collection: 'cluster.broadcast', id: 'x', fields: { last: 1, events: [] } }],
    ['an end before its beginning', { msg: 'changed', collection: 'cluster.broadcast', id: '5', fields: { last: 3, events: [] } }],
    ['a gap that leads back', { msg: 'changed', collection: 'cluster.broadcast', id: '5', fields: { gap: { after: 5, next: 5 } } }],
    ['a gap of no numbers', { msg: 'changed', collection: 'cluster.broadcast', id: '5', fields: { gap: { after: -1, next: 1e300 } } }],
  ])('is not made of %s', (_, message) => {
    expect(decodeFrame(message as DataMessage)).toBeUndefined()
  })

  it('counts events whose numbers lie outside it, or go back, as broken', () => {
    const message = { msg: 'changed', collection: 'cluster.broadcast', id: '5', fields: { last: 6, events: [[1, 's', 'e', []], [0, 's', 'e', []], [9, 's', 'e', []]] } } as DataMessage
    expect(decodeFrame(message)).toMatchObject({ broken: 2, events: [{ seq: 6 }] })
  })
})
