import { expect, it } from 'vitest'
import { RateLimiter } from './rate-limiter.js'

it.each([
  ['one IPv4 address', '10.0.0.1', '10.0.0.1', true],
  ['two', '10.0.0.1', '10.0.0.2', false],
  ['two in a subnet of IPv6, as one client has all of it', '2001:db8:1:2::1', '2001:db8:1:2:a:b:c:d', true],
  ['one written in two ways', '2001:DB8::5:1', '2001:db8:0:0::1', true],
  ['the loopback and another of nothing but zeros', '::1', '::2', true],
  ['two subnets', '2001:db8:1:2::1', '2001:db8:1:3::1', false],
])('counts %s together or apart: %s, %s', async (_, one, other, together) => {
  const limiter = new RateLimiter({ max: 1, windowMs: 60_000 })
  expect(await limiter.take(one)).toMatchObject({ allowed: true })
  const { allowed, resetAfterMs, headers } = await limiter.take(other)
  expect(allowed).toBe(!together)
  expect(resetAfterMs).toBeGreaterThan(50_000)
  expect(headers['x-ratelimit-remaining']).toBe('0')
})
