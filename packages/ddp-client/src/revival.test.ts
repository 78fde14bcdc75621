import { expect, it } from 'vitest'
import { Revival } from './revival.js'

it('is done when every subscription and method of before is, however that came', () => {
  const revival = new Revival(['1', '2', '3'], ['4', '5'])
  revival.hold({ msg: 'ready', subs: ['1'] })
  revival.hold({ msg: 'nosub', id: '2' })
  revival.hold({ msg: 'updated', methods: ['4'] })
  revival.forgetSubscription('3')
  expect(revival.done).toBe(false)
  revival.forgetMethod('5')
  expect(revival.done).toBe(false)
  revival.noteAllAsked()
  expect(revival.done).toBe(true)
  revival.noteLost()
  expect(revival.done).toBe(false)
  revival.noteAllAsked()
  expect(revival.done).toBe(true)
  expect(revival.held.map(({ msg }) => msg)).toEqual(['ready', 'nosub', 'updated'])
})

it('rather shows what there is than hold without end, when the server never gets ready', () => {
  const revival = new Revival(['1'], ['2'])
  for (let n = 1; n < 100_000; n += 1) revival.hold({ msg: 'removed', collection: 'c', id: String(n) })
  expect(revival.done).toBe(false)
  revival.hold({ msg: 'removed', collection: 'c', id: 'last' })
  expect([revival.done, revival.held.length]).toEqual([true, 100_000])
})
