import { systemClock } from '@ddp-cluster/ddp-common/internal'
import { beforeEach, describe, expect, it } from 'vitest'
import { textOf } from '../text-of.js'
import { anyEvent, Listeners } from './listeners.js'

let faults: string[]
let emptied: string[]
let endless: string[]
let listeners: Listeners
beforeEach(() => {
  faults = []
  emptied = []
  endless = []
  listeners = new Listeners(systemClock, {
    fault: (error) => faults.push(textOf(error)),
    emptied: (stream) => emptied.push(stream),
    endless: ({ stream, event }) => endless.push(`${stream} ${event}`),
  })
})

const dispatch = (event: string, seq: number, from = 'there'): void => listeners.dispatch(from, { seq, stream: 'room', event, args: [seq] })

describe('listeners', () => {
  it('all have an event before what one of them emits, wherever the event came from', () => {
    const heard: unknown[] = []
    listeners.add('room', 'question', () => dispatch('answer', 2, 'here'))
    listeners.add('room', 'question', (seq) => heard.push(['question', seq]))
    listeners.add('room', anyEvent, (event, seq) => heard.push(['any', event, seq]))
    listeners.add('room', 'answer', (seq) => heard.push(['answer', seq]))
    dispatch('question', 1)
    expect(heard).toEqual([['question', 1], ['any', 'question', 1], ['answer', 2], ['any', 'answer', 2]])
  })

  it('that are to be called once are, also when another emits the same event again', () => {
    const heard: unknown[] = []
    listeners.add('room', 'message', (seq) => {
      if (seq === 1) dispatch('message', 2, 'here')
    })
    listeners.add('room', 'message', (seq) => heard.push(seq), true)
    dispatch('message', 1)
    expect(heard).toEqual([1])
  })

  it('stay when they are added for good after they were added for once, and the other way round', () => {
    const heard: unknown[] = []
    const listener = (seq: unknown): unknown => heard.push(seq)
    listeners.add('room', 'message', listener, true)
    listeners.add('room', 'message', listener)
    listeners.add('room', 'message', listener, true)
    for (const seq of [1, 2]) dispatch('message', seq)
    expect(emptied).toEqual([])
    expect(heard).toEqual([1, 2])
  })

  it('say when the last one was to be called once, also when it heard what another emitted', () => {
    listeners.add('room', 'question', () => dispatch('answer', 2, 'here'), true)
    listeners.add('room', 'answer', () => undefined, true)
    dispatch('question', 1)
    expect(emptied).toEqual(['room'])
    expect(listeners.has('room')).toBe(false)
  })

  it('that emit what they hear let IO in between, in order, and are told of once', async () => {
    const heard: unknown[] = []
    let emitted = 1
    let isLooping = true
    listeners.add('room', 'message', (seq) => {
      heard.push(seq)
      if (isLooping && typeof seq === 'number' && seq < 1e9) dispatch('message', (emitted += 1), 'here')
    })
    dispatch('message', 1)
    const before = heard.length
    dispatch('message', 1e9)
    listeners.inOrder(() => heard.push('in order'))
    for (let turn = 0; turn < 30; turn += 1) await new Promise((resolve) => setImmediate(resolve))
    expect(heard.length).toBeGreaterThan(before)
    expect(endless).toEqual(['room message'])
    isLooping = false
    await new Promise((resolve) => setImmediate(resolve))
    await new Promise((resolve) => setImmediate(resolve))
    expect(heard.filter((seq) => typeof seq === 'number' && seq < 1e9)).toEqual(Array.from({ length: emitted }, (_, at) => at + 1))
    expect(heard.indexOf('in order')).toBe(heard.indexOf(1e9) + 1)
    listeners.inOrder(() => heard.push('at once'))
    expect(heard.at(-1)).toBe('at once')
  })

  it('that fan out to thousands of events once are dispatched at once, without a word', () => {
    let heard = 0
    listeners.add('room', 'start', () => {
      for (let seq = 0; seq < 3000; seq += 1) dispatch('message', seq, 'here')
    })
    listeners.add('room', 'message', () => (heard += 1))
    dispatch('start', 0)
    expect(heard).toBe(3000)
    expect(endless).toEqual([])
  })

  it('that are asynchronous and emit what they hear let timers fire, and are told of', async () => {
    let isLooping = true
    listeners.add('room', 'message', async () => {
      await Promise.resolve()
      if (isLooping) dispatch('message', 1, 'here')
    })
    dispatch('message', 1)
    // A timer that fires, and that the loop is told of, is what is tested: without either the test never ends.
    while (endless.length === 0) await new Promise((resolve) => setTimeout(resolve, 1))
    isLooping = false
    expect(endless).toEqual(['room message'])
  })

  it('that emit two for one are full at a bound, and nothing of them is left after clear()', async () => {
    let calls = 0
    let wasFull = false
    listeners.add('room', 'message', () => {
      calls += 1
      for (let copy = 0; copy < 2; copy += 1) {
        wasFull ||= listeners.isFull
        if (!listeners.isFull) dispatch('message', 1, 'here')
      }
    })
    dispatch('message', 1)
    while (!wasFull) await new Promise((resolve) => setImmediate(resolve))
    listeners.clear()
    expect(listeners.isFull).toBe(false)
    const before = calls
    await new Promise((resolve) => setImmediate(resolve))
    expect(calls).toBe(before)
  })

  it('of one event cost no more each when there are many', () => {
    const many = Array.from({ length: 20_000 }, () => () => undefined)
    const startedAt = performance.now()
    for (const listener of many) listeners.add('room', 'message', listener)
    for (const listener of many) listeners.remove('room', 'message', listener)
    // With a copy of the list for each it took 1.5 s and more; now it takes some 10 ms.
    expect(performance.now() - startedAt).toBeLessThan(500)
    expect(listeners.has('room')).toBe(false)
  })

  it.each([
    ['an error', new Error('a bug'), 'Error: a bug'],
    ['what has no text', Object.create(null), 'something that has no text'],
  ])('harm nobody else when they throw or reject with %s', async (_, thrown, fault) => {
    const heard: unknown[] = []
    listeners.add('room', 'message', () => {
      throw thrown
    })
    listeners.add('room', 'message', () => Promise.reject(thrown as Error))
    listeners.add('room', 'message', (seq) => heard.push(seq))
    for (const seq of [1, 2]) dispatch('message', seq)
    await Promise.resolve()
    expect(heard).toEqual([1, 2])
    expect(faults).toEqual([fault, fault, fault, fault])
  })
})
