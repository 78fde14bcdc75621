import { expect, it } from 'vitest'
import { toInstance } from './instance.js'
import { reachMs, Series } from './series.js'

const local = (id: string, emitted: number, bytesSent: number): ReturnType<typeof toInstance> => toInstance({ _id: id, local: true, status: 'self', traffic: { emitted, received: 0, replayed: 0, lost: 0, bytesSent, bytesReceived: 0 } })
const peer = (unsent: number, roundTripMs: number): ReturnType<typeof toInstance> => toInstance({ _id: 'p', status: 'alive', link: { status: 'connected', connected: true, roundTripMs }, log: { sent: 1, unsent, received: 1, lost: 0 } })

it('makes figures a second of totals, however late it is asked', () => {
  const series = new Series()
  series.add([local('a', 100, 1000), peer(5, 2)], 0)
  expect(series.samples).toEqual([])
  series.add([local('a', 150, 1000), peer(7, 2), peer(3, 9)], 1000)
  series.add([local('a', 250, 5000), peer(0, 1)], 3000)
  expect(series.samples.map(({ values: { sent, bytesSent, behind, roundTrip } }) => [sent, bytesSent, behind, roundTrip])).toEqual([[50, 0, 7, 9], [50, 2000, 0, 1]])
})

it('begins anew with another instance, is never below nought, and says nothing of a time that it did not see', () => {
  const series = new Series()
  series.add([local('a', 100, 0)], 0)
  series.add([local('a', 10, 0)], 1000)
  expect(series.samples.map(({ values }) => values.sent)).toEqual([0])
  series.interrupt()
  series.add([local('a', 90_000, 0)], 9000)
  expect(series.samples.length).toBe(0)
  series.add([local('b', 7, 0)], 10_000)
  expect(series.samples).toEqual([])
})

it('reaches back two minutes', () => {
  const series = new Series()
  for (let second = 0; second < 500; second += 1) series.add([local('a', second * 3, 0)], second * 1000)
  expect(series.samples.length).toBe(reachMs / 1000 + 1)
})
