import { describe, expect, it } from 'vitest'
import { backoffDelayMs } from './backoff.js'
import { HeartbeatTimer } from './heartbeat-timer.js'
import { Heartbeat } from './heartbeat.js'
import { ManualClock } from './manual-clock.js'

const options = { intervalMs: 100, timeoutMs: 50 }

describe('a heartbeat', () => {
  it('pings after a silence, and concludes death in two steps', () => {
    const heartbeat = new Heartbeat(options, 0)
    expect([heartbeat.nextAt, heartbeat.step(99)]).toEqual([100, 'none'])
    heartbeat.heard(60)
    expect([heartbeat.step(100), heartbeat.nextAt]).toEqual(['none', 160])
    expect([heartbeat.step(160), heartbeat.nextAt]).toEqual(['ping', 210])
    expect(heartbeat.step(209)).toBe('none')
    expect([heartbeat.step(210), heartbeat.confirm(210)]).toEqual(['confirm', 'dead'])
  })

  it('believes in life after any message, also one at the very moment of the ping or of the confirmation', () => {
    const heartbeat = new Heartbeat(options, 0)
    expect(heartbeat.step(100)).toBe('ping')
    heartbeat.heard(100)
    expect([heartbeat.nextAt, heartbeat.step(200), heartbeat.step(250)]).toEqual([200, 'ping', 'confirm'])
    heartbeat.heard(250)
    expect(heartbeat.confirm(250)).toBe('none')
  })

  it('of interval 0 never asks for anything', () => {
    const heartbeat = new Heartbeat({ intervalMs: 0, timeoutMs: 1 }, 0)
    expect([heartbeat.nextAt, heartbeat.step(1e9)]).toEqual([Infinity, 'none'])
  })

  it('pings again in time after an answer, however long it would have waited for it', () => {
    const clock = new ManualClock()
    let pings = 0
    const heartbeat = new HeartbeatTimer({ intervalMs: 100, timeoutMs: 10_000, clock, sendPing: () => { pings += 1 }, onDead: () => undefined })
    clock.advance(100)
    heartbeat.heard()
    clock.advance(100)
    expect([pings, clock.pending]).toEqual([2, 1])
  })

  it('runs on one timer, which stop clears', async () => {
    const clock = new ManualClock()
    const events: string[] = []
    const heartbeat = new HeartbeatTimer({ ...options, clock, sendPing: () => events.push('ping'), onDead: () => events.push('dead') })
    clock.advance(90)
    heartbeat.heard()
    clock.advance(99)
    expect(events).toEqual([])
    clock.advance(1)
    expect([events, clock.pending]).toEqual([['ping'], 1])
    // We were stalled: the timer is late, and the answer is still in the socket.
    clock.advance(10_000)
    heartbeat.heard()
    await new Promise(setImmediate)
    expect([events, clock.pending]).toEqual([['ping'], 1])
    clock.advance(100)
    clock.advance(50)
    await new Promise(setImmediate)
    expect([events, clock.pending]).toEqual([['ping', 'ping', 'dead'], 0])
    const stopped = new HeartbeatTimer({ ...options, clock, sendPing: () => events.push('late'), onDead: () => events.push('late') })
    clock.advance(100)
    clock.advance(50)
    stopped.stop()
    await new Promise(setImmediate)
    expect([events.slice(3), clock.pending]).toEqual([['late'], 0])
  })
})

describe('the backoff', () => {
  it('is Meteor\'s, and never above its ceiling', () => {
    expect([backoffDelayMs(0, 0.9), backoffDelayMs(1, 0)]).toEqual([10, 10])
    expect(backoffDelayMs(2, 0.5)).toBeCloseTo(4_840)
    expect([backoffDelayMs(2, 0), backoffDelayMs(2, 1)]).toEqual([expect.closeTo(3_630), expect.closeTo(6_050)])
    expect([backoffDelayMs(50, 0.999_999) <= 300_000, backoffDelayMs(5_000, 1)]).toEqual([true, 300_000])
    expect(backoffDelayMs(9, 0, { maxMs: 10_000 })).toBeCloseTo(6_000)
    expect(backoffDelayMs(9, 1, { maxMs: 10_000 })).toBeCloseTo(10_000)
    expect(backoffDelayMs(2, 0.5, { baseMs: 100 })).toBeCloseTo(484)
  })
})
