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
  listened = new Set(streams)
  asking.changed()
  asking.settle()
}

beforeEach(async () => {
  listened = new Set()
  asked = []
  reader = new Reader(() => true)
  asking = new Asking(reader, () => listened, () => undefined)
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
