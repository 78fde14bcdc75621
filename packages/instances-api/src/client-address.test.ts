import { expect, it } from 'vitest'
import { clientAddress } from './client-address.js'

const of = (forwarded: string | undefined, count = 1, remoteAddress = '127.0.0.1'): string => clientAddress({ headers: { 'x-forwarded-for': forwarded }, remoteAddress }, count)

it.each([
  ['10.0.0.1', '10.0.0.1'],
  ['1.2.3.4, 10.0.0.1', '10.0.0.1'],
  ['10.0.0.1:51234', '10.0.0.1'],
  ['[2001:db8::1]:51234', '2001:db8::1'],
  ['2001:db8::1', '2001:db8::1'],
  ['::ffff:10.0.0.1', '10.0.0.1'],
])('one client is one client, however a proxy writes %j', (forwarded, address) => {
  expect(of(forwarded)).toBe(address)
})

it.each([undefined, '', 'unknown', '10.0.0.1,', 'x'.repeat(16_000), `fe80::1%${'x'.repeat(16_000)}`, '10.0.0.1:99:1', '::ffff:', '[10.0.0.1'])('what is no address is nobody, and is not kept: %.20j', (forwarded) => {
  expect(of(forwarded)).toBe('127.0.0.1')
})

it('a header that is too short took another way, and none is looked at unasked', () => {
  expect([of('10.0.0.1', 2), of('10.0.0.1', 0), of('10.0.0.1', 0, '::ffff:10.0.0.7')]).toEqual(['127.0.0.1', '127.0.0.1', '10.0.0.7'])
})
