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
  listeners = new Listeners({
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
    listeners.add('room', 'message', (seq) => {
      heard.push(seq)
      if (emitted < 5_000) dispatch('message', (emitted += 1), 'here')
    })
    dispatch('message', 1)
    expect(heard.length).toBeLessThan(1_100)
    expect(endless).toEqual(['room message'])
    dispatch('message', 10_000)
    listeners.inOrder(() => heard.push('in order'))
    let turns = 0
    while (emitted < 5_000) {
      turns += 1
      await new Promise((resolve) => setImmediate(resolve))
    }
    await new Promise((resolve) => setImmediate(resolve))
    expect(turns).toBeGreaterThanOrEqual(3)
    expect(heard.filter((seq) => seq !== 10_000 && seq !== 'in order')).toEqual(Array.from({ length: 5_000 }, (_, at) => at + 1))
    expect(heard.indexOf('in order')).toBe(heard.indexOf(10_000) + 1)
    expect(endless).toEqual(['room message'])
    listeners.inOrder(() => heard.push('at once'))
    expect(heard.at(-1)).toBe('at once')
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
