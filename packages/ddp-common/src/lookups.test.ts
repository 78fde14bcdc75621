import { describe, expect, it } from 'vitest'
import { LookupError, Lookups } from './lookups.js'
import { ManualClock } from './manual-clock.js'

const limits = { waitMs: 1000, limitMs: 500 }

/** A driver that settles a lookup when its signal aborts. */
const heeding = ({ signal }: { signal: AbortSignal }): Promise<never> => new Promise((_resolve, reject) => signal.addEventListener('abort', () => reject(signal.reason as Error)))
/** Driver that never settles an operation. */
const deaf = (): Promise<never> => new Promise(() => undefined)

const pending: (() => void)[] = []
/** Lookup that says that it was sent, and ends when the test says so. */
const heedingAfter = (sent: () => void) => (): Promise<void> => {
  sent()
  return new Promise((resolve) => pending.push(resolve))
}

describe('Lookups', () => {
  it('sends nothing while a lookup hangs that the driver cannot end, and refuses those that wait', async () => {
    const clock = new ManualClock()
    const lookups = new Lookups(clock)
    let sent = 0
    const asked = Array.from({ length: 100 }, () => lookups.run(limits, () => {
      sent += 1
      return deaf()
    }))
    const outcomes = asked.map((one) => expect(one).rejects.toBeInstanceOf(LookupError))
    clock.advance(1000)
    await Promise.all(outcomes)
    expect(sent).toBe(1)
    expect(clock.pending).toBe(0)
  })

  it('sends the next when the driver has ended the one before', async () => {
    const clock = new ManualClock()
    const lookups = new Lookups(clock)
    const first = expect(lookups.run(limits, heeding)).rejects.toThrow('did not answer a lookup within 500 ms')
    const second = lookups.run(limits, () => Promise.resolve('answer'))
    clock.advance(500)
    await first
    expect(await second).toBe('answer')
    expect(clock.pending).toBe(0)
  })

  it('refuses at once what comes when ten thousand wait', async () => {
    const clock = new ManualClock()
    const lookups = new Lookups(clock)
    const asked = Array.from({ length: 10_001 }, () => lookups.run(limits, deaf).catch(() => undefined))
    await expect(lookups.run(limits, deaf)).rejects.toThrow('More than 10000')
    clock.advance(1000)
    await Promise.all(asked)
  })

  it('passes on what a lookup throws at once, and goes on', async () => {
    const lookups = new Lookups(new ManualClock())
    await expect(lookups.run(limits, () => {
      throw new TypeError('no such collection')
    })).rejects.toThrow('no such collection')
    expect(await lookups.run(limits, () => Promise.resolve(1))).toBe(1)
  })

  it('sends as many at once as it may, and no more', async () => {
    const clock = new ManualClock()
    const lookups = new Lookups(clock, 3)
    const answers: ((value: string) => void)[] = []
    const asked = Array.from({ length: 7 }, () => lookups.run(limits, () => new Promise<string>((resolve) => answers.push(resolve))))
    for (const sent of [3, 6, 7]) {
      expect(answers).toHaveLength(sent)
      for (const answer of answers) answer('answer')
      await Promise.all(asked.slice(0, sent))
    }
    expect(clock.pending).toBe(0)
  })

  it('keeps logins apart from other lookups of the same client', async () => {
    const client = {}
    expect(Lookups.ofLogins(client)).toBe(Lookups.ofLogins(client))
    let sent = 0
    const logins = Array.from({ length: 9 }, () => Lookups.ofLogins(client).run({ waitMs: 60_000, limitMs: 60_000 }, heedingAfter(() => (sent += 1))))
    expect(sent).toBe(8)
    expect(await Lookups.of(client).run(limits, () => Promise.resolve('answer'))).toBe('answer')
    for (const answer of pending.splice(0)) answer()
    await Promise.all(logins.slice(0, 8))
    for (const answer of pending.splice(0)) answer()
    await Promise.all(logins)
  })

  it('are shared by all who name the same client', () => {
    const client = {}
    expect(Lookups.of(client)).toBe(Lookups.of(client))
    expect(Lookups.of(client)).not.toBe(Lookups.of({}))
  })
})
