import { silentLogger } from '@ddp-cluster/ddp-common'
import { expect, it } from 'vitest'
import { RateLimiter, type RateLimitInput } from './rate-limiter.js'

const call: RateLimitInput = { type: 'method', name: 'send', userId: 'anna', clientAddress: '10.0.0.1', connectionId: 'c1' }

it('lets so many calls through in each interval, and says how long the rest must wait', () => {
  const limiter = new RateLimiter(silentLogger)
  limiter.add({ name: 'send', count: 2, intervalMs: 1000 })
  expect(limiter.refusal(call, 100)).toBeUndefined()
  expect(limiter.refusal(call, 200)).toBeUndefined()
  expect(limiter.refusal(call, 300)).toMatchObject({ error: 'too-many-requests', details: { timeToReset: 800 }, reason: expect.stringContaining('1 seconds') as string })
  expect(limiter.refusal({ ...call, name: 'read' }, 300)).toBeUndefined()
  expect(limiter.refusal(call, 1100)).toBeUndefined()
})

it('counts apart by the values of the fields that a rule names, and by nothing else', () => {
  const limiter = new RateLimiter(silentLogger)
  limiter.add({ type: 'method', userId: (userId) => userId !== 'admin', clientAddress: () => true, count: 1, intervalMs: 1000 })
  expect(limiter.refusal(call, 0)).toBeUndefined()
  expect(limiter.refusal({ ...call, name: 'other', connectionId: 'c2' }, 0)).toBeDefined()
  expect(limiter.refusal({ ...call, userId: 'bert' }, 0)).toBeUndefined()
  expect(limiter.refusal({ ...call, userId: null }, 0)).toBeUndefined()
  expect(limiter.refusal({ ...call, clientAddress: '10.0.0.2' }, 0)).toBeUndefined()
  for (let count = 0; count < 5; count += 1) expect(limiter.refusal({ ...call, userId: 'admin' }, 0)).toBeUndefined()
})

it('cannot be deceived by values that look like two', () => {
  const limiter = new RateLimiter(silentLogger)
  limiter.add({ userId: () => true, clientAddress: () => true, count: 1, intervalMs: 1000 })
  expect(limiter.refusal({ ...call, userId: 'a","b', clientAddress: 'c' }, 0)).toBeUndefined()
  expect(limiter.refusal({ ...call, userId: 'a', clientAddress: 'b","c' }, 0)).toBeUndefined()
})

it('refuses what a rule cannot judge', () => {
  const limiter = new RateLimiter(silentLogger)
  limiter.add({ name: () => { throw new Error('a mistake in the rule') }, count: 1, intervalMs: 1000 })
  expect(limiter.refusal(call, 0)).toMatchObject({ error: 500 })
})
