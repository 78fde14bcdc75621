import { beforeEach, describe, expect, it } from 'vitest'
import { textOf } from '../text-of.js'
import { anyEvent, Listeners } from './listeners.js'

let faults: string[]
let listeners: Listeners
beforeEach(() => {
  faults = []
  listeners = new Listeners((error) => faults.push(textOf(error)))
})

const dispatch = (event: string, seq: number, from = 'there'): boolean => listeners.dispatch(from, { seq, stream: 'room', event, args: [seq] })

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
    for (const seq of [1, 2]) expect(dispatch('message', seq)).toBe(false)
    expect(heard).toEqual([1, 2])
  })

  it('say when the last one was to be called once, also when it heard what another emitted', () => {
    listeners.add('room', 'question', () => dispatch('answer', 2, 'here'), true)
    listeners.add('room', 'answer', () => undefined, true)
    expect(dispatch('question', 1)).toBe(true)
    expect(listeners.streams().size).toBe(0)
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
