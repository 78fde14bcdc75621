import { DDPError, EJSON } from '@ddp-cluster/ddp-common'
import type { Cluster } from '@ddp-cluster/instance-status'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { Fleet, linked, until } from './fleet.js'

/** One rule for every value that leaves or stays: a listener and a method get the same here as at another instance. */

let fleet: Fleet
let here: Cluster
let there: Cluster
beforeEach(async () => {
  fleet = await Fleet.open()
  here = await fleet.join()
  there = await fleet.join()
  await linked([here, there])
})
afterEach(() => fleet.close())

const lossy: [unknown, string][] = [
  [{ users: [0, 1, 2, { tags: new Set() }] }, '.users[3].tags is a Set'],
  [new Map([['a', 1]]), ' is a Map'],
  [new Error('x'), ' is an Error'],
  [{ at: new URL('http://localhost') }, '.at is a URL'],
  [() => undefined, ' is a function'],
  [[1, undefined], '[1] is undefined'],
  [10n, ' is a bigint'],
  [new (class Point {})(), ' is an instance of Point'],
]

describe('a value that EJSON cannot carry without loss', () => {
  it.each(lossy)('%o is refused by emit, emitTo, emitLocal, call and callAll, named by its path', async (value, what) => {
    const room = here.stream('room')
    const heard: unknown[] = []
    room.on('message', (...args) => void heard.push(args))
    const event = { code: 'event-not-encodable', message: expect.stringContaining(`args[1]${what}`) as unknown }
    expect(() => room.emit('message', 'a', value)).toThrow(expect.objectContaining(event))
    expect(() => room.emitTo(there.id, 'message', 'a', value)).toThrow(expect.objectContaining(event))
    expect(() => room.emitTo(here.id, 'message', 'a', value)).toThrow(expect.objectContaining(event))
    expect(() => room.emitLocal('message', 'a', value)).toThrow(expect.objectContaining(event))
    const call = { code: 'call-not-encodable', message: expect.stringContaining(`params[1]${what}`) as unknown }
    await expect(here.call(there.id, 'echo', ['a', value])).rejects.toMatchObject(call)
    await expect(here.call(here.id, 'echo', ['a', value])).rejects.toMatchObject(call)
    await expect(here.callAll('echo', ['a', value])).rejects.toMatchObject(call)
    expect(heard).toEqual([])
    expect(here.statistics().events.emitted).toBe(0)
  })

  it.each(lossy)('%o as a result is refused the same at a peer and here', async (value, what) => {
    for (const cluster of [here, there]) cluster.method('lossy', () => ({ value }))
    for (const id of [here.id, there.id]) {
      const error = await here.call(id, 'lossy').catch((thrown: unknown) => thrown)
      expect(error).toBeInstanceOf(DDPError)
      expect(error).toMatchObject({ error: 'result-not-encodable', reason: expect.stringContaining(`result.value${what}`) as unknown })
    }
  })
})

describe('call() to oneself', () => {
  it('rejects with an error of the caller\'s own, and believes no method that says that it did not run', async () => {
    const thrown = new DDPError('refused', 'why', { list: [1] })
    here.method('refuses', () => { throw thrown })
    here.method('pretends', () => { throw new DDPError('cluster.leaving') })
    const error = await here.call(here.id, 'refuses').catch((caught: unknown) => caught)
    expect(error).toMatchObject({ error: 'refused', reason: 'why', details: { list: [1] } })
    expect((error as DDPError).details).not.toBe(thrown.details)
    await expect(here.call(here.id, 'pretends')).rejects.toMatchObject({ error: 500 })
    there.method('pretends', () => { throw new DDPError('cluster.busy') })
    await expect(here.call(there.id, 'pretends')).rejects.toMatchObject({ error: 500 })
  })
})

describe('an event that cannot be copied', () => {
  it('has no number and goes nowhere', () => {
    let isGrumpy = false
    class Grumpy {
      typeName(): string { return 'test.grumpy' }
      toJSONValue(): unknown { return 1 }
    }
    EJSON.addType('test.grumpy', () => {
      if (isGrumpy) throw new Error('no')
      return new Grumpy()
    })
    here.stream('room').on('message', () => undefined)
    isGrumpy = true
    expect(() => here.stream('room').emit('message', new Grumpy())).toThrow(expect.objectContaining({ code: 'event-not-encodable' }))
    expect(here.statistics().events.emitted).toBe(0)
  })
})

describe('every listener', () => {
  it('gets a copy of its own, which looks the same at every instance', async () => {
    const heard = new Map<string, unknown[][]>()
    for (const cluster of [here, there]) {
      const mine: unknown[][] = []
      heard.set(cluster.id, mine)
      for (let listener = 0; listener < 3; listener += 1) {
        cluster.stream('room').on('message', (...args) => {
          mine.push(structuredClone(args))
          // Later listeners see nothing of this.
          for (const value of args) if (typeof value === 'object' && value !== null) Object.assign(value, { spoilt: listener })
        })
      }
      cluster.stream('room').onAny((_, ...args) => void mine.push(structuredClone(args)))
    }
    await Promise.all([here, there].map((cluster) => cluster.stream('room').ready()))
    const value = { at: new Date(5), missing: undefined, zero: -0, bytes: Buffer.from('x'), list: [{ a: 1 }] }
    here.stream('room').emit('message', value, 'text', undefined)
    value.list.push({ a: 2 })
    await until(() => [...heard.values()].every((calls) => calls.length === 4), 5000, () => [...heard])
    const expected = [{ at: new Date(5), zero: 0, bytes: new Uint8Array([120]), list: [{ a: 1 }] }, 'text']
    for (const calls of heard.values()) expect(calls).toStrictEqual([expected, expected, expected, expected])
    expect(value.at).toEqual(new Date(5))
  })

  it('of emitLocal gets copies too', () => {
    const value = { list: [1] }
    const heard: unknown[] = []
    here.stream('room').on('message', (got) => void heard.push(got))
    here.stream('room').emitLocal('message', value)
    value.list.push(2)
    expect(heard).toEqual([{ list: [1] }])
  })
})
