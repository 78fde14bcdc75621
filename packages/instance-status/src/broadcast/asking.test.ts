import { beforeEach, expect, it } from 'vitest'
import type { Connection } from '@ddp-cluster/ddp-client/internal'
import { Asking } from './asking.js'
import { Reader } from './reader.js'

let listened: Set<string>
let asked: unknown[]
let reader: Reader
let asking: Asking

/** A link over which nothing is answered before the test says so. */
const connection = {
  closed: new Promise(() => undefined),
  subscribe: (_: string, [request]: unknown[]) => {
    asked.push(request)
    return { ready: Promise.resolve() }
  },
  call: (_: string, [request]: unknown[]) => {
    asked.push(request)
    return Promise.resolve()
  },
} as unknown as Connection

function listen(...streams: string[]): void {
  const before = listened
  listened = new Set(streams)
  for (const stream of new Set([...before, ...listened])) asking.changed(stream)
  asking.settle()
}

beforeEach(async () => {
  listened = new Set()
  asked = []
  reader = new Reader(() => true)
  asking = new Asking(reader, (stream) => listened.has(stream), () => undefined)
  listen('a')
  await asking.subscribe('peer', connection)
  asking.confirmed('peer', 1)
})

it('asks for one change at a time, and for what changed meanwhile in one go', () => {
  listen('a', 'b')
  listen('a', 'b', 'c')
  listen('c')
  expect(asked).toEqual([{ streams: ['a'] }, { streams: ['a', 'b'] }])
  asking.confirmed('peer', 2)
  asking.confirmed('peer', 3)
  expect(asked.slice(2)).toEqual([{ streams: ['c'] }])
})

it.each(['before', 'after'])('knows of no stream that was given up and is listened to again %s the answer, until it is asked for anew', (when) => {
  listen('a', 'b')
  listen('a')
  if (when === 'before') listen('a', 'b')
  asking.confirmed('peer', 5)
  if (when === 'after') listen('a', 'b')
  expect(reader.isKnown('peer', 'b')).toBe(false)
  if (when === 'after') asking.confirmed('peer', 7)
  expect(reader.isKnown('peer', 'b')).toBe(false)
  expect(asked.at(-1)).toEqual({ streams: ['a', 'b'] })
  asking.confirmed('peer', 9)
  expect(reader.isKnown('peer', 'b')).toBe(true)
})

it('costs no more for a new stream when there are 26,000', () => {
  listen(...Array.from({ length: 26_000 }, (_, at) => `stream ${at}`))
  asking.confirmed('peer', 2)
  const startedAt = performance.now()
  for (let at = 0; at < 500; at += 1) {
    listened.add(`late ${at}`)
    asking.changed(`late ${at}`)
    asking.settle()
    asking.confirmed('peer', 3 + at)
  }
  // With sets of all streams for each change it took 4.5 s and more; now it takes some milliseconds.
  expect(performance.now() - startedAt).toBeLessThan(1000)
  expect(reader.isKnown('peer', 'late 499')).toBe(true)
  expect(asked.at(-1)).toEqual({ streams: true })
})

it('calls no loss exact of which some may be of streams that were given up', () => {
  const loss = (after: number): unknown => reader.receive('peer', { kind: 'gap', after, next: after + 3, exact: true }).losses
  expect(loss(0)).toEqual([{ after: 0, lost: 2, exact: true }])
  listen('a', 'b')
  listen('a')
  asking.confirmed('peer', 3)
  expect(loss(2)).toEqual([{ after: 2, lost: 2, exact: false }])
  asking.confirmed('peer', 5)
  expect(loss(4)).toEqual([{ after: 4, lost: 2, exact: true }])
})
