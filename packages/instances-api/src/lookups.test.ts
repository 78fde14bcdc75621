import { expect, it } from 'vitest'
import type { Db } from 'mongodb'
import { AccessCheck } from './access.js'
import { LookupError, Lookups } from './lookups.js'

/** A driver that settles a lookup when its signal aborts, or never. */
const hanging = (signal: AbortSignal, heeds: boolean): Promise<never> => new Promise((_resolve, reject) => {
  if (heeds) signal.addEventListener('abort', () => reject(signal.reason as Error))
})

const someDb = (): Db => ({ client: {} }) as unknown as Db

it('sends no lookup while one hangs that the driver cannot end, and refuses those that wait', async () => {
  const lookups = Lookups.of(someDb())
  let sent = 0
  const look = ({ signal }: { signal: AbortSignal }): Promise<never> => {
    sent += 1
    return hanging(signal, false)
  }
  const outcomes = await Promise.allSettled(Array.from({ length: 100 }, () => lookups.run(20, look)))
  expect(outcomes.every(({ status, ...outcome }) => status === 'rejected' && 'reason' in outcome && outcome.reason instanceof LookupError)).toBe(true)
  await expect(lookups.run(20, look)).rejects.toThrow('did not answer')
  expect(sent).toBe(1)
})

it('sends the next lookup when the driver has ended the one before', async () => {
  const lookups = Lookups.of(someDb())
  const first = lookups.run(20, ({ signal }) => hanging(signal, true))
  const second = lookups.run(10_000, () => Promise.resolve('answer'))
  await expect(first).rejects.toBeInstanceOf(LookupError)
  expect(await second).toBe('answer')
})

it('refuses a lookup at once when a thousand wait', async () => {
  const lookups = Lookups.of(someDb())
  const waiting = Array.from({ length: 1001 }, () => lookups.run(50, ({ signal }) => hanging(signal, true)).catch(() => undefined))
  await expect(lookups.run(10_000, () => Promise.resolve())).rejects.toThrow('More than 1000')
  await Promise.all(waiting)
})

it('shares one answer among those who ask the same at once, and not one that never comes', async () => {
  let now = 0
  let asked = 0
  const access = new AccessCheck(() => {
    asked += 1
    return asked === 1 ? new Promise(() => undefined) : Promise.resolve('user')
  }, () => Promise.resolve(true), () => now)
  const check = (): unknown => access.check({ userId: 'user', authToken: 'token' })
  void check()
  void check()
  expect(asked).toBe(1)
  now = 1000
  expect(await check()).toBe('granted')
  expect(asked).toBe(2)
})
