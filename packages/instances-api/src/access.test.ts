import { expect, it } from 'vitest'
import { AccessCheck } from './access.js'

it('remembers for a second what was granted, of a thousand at most, the oldest first forgotten', async () => {
  let now = 0
  let asked = 0
  const access = new AccessCheck(({ userId }) => {
    asked += 1
    return Promise.resolve(userId)
  }, () => Promise.resolve(true), () => now)
  const check = async (n: number): Promise<unknown> => access.check({ userId: `user${n}`, authToken: 'token' })
  for (let n = 0; n <= 1000; n += 1) expect(await check(n)).toBe('granted')
  expect(asked).toBe(1001)
  await check(1)
  expect(asked).toBe(1001)
  await check(0)
  expect(asked).toBe(1002)
  now = 1000
  await check(1000)
  expect(asked).toBe(1003)
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
