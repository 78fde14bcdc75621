import { EventEmitter } from 'node:events'
import type { Socket } from 'node:net'
import { expect, it } from 'vitest'
import { SocketWitness } from './socket-witness.js'

const coded = (code: string): Error => Object.assign(new Error('it broke'), { code })

function watched(secure = false): { witness: SocketWitness; socket: EventEmitter; ends: () => number } {
  const witness = new SocketWitness('server:3000')
  const socket = new EventEmitter()
  let ends = 0
  witness.watch(socket as Socket, secure, () => {
    ends += 1
  })
  return { witness, socket, ends: () => ends }
}

it.each([
  ['refused', 'server:3000 refused the connection', coded('ECONNREFUSED')],
  ['reset', 'server:3000 reset the connection (ECONNRESET)', coded('ECONNRESET')],
  ['reset', 'server:3000 reset the connection (EPIPE)', coded('EPIPE')],
  ['unreachable', 'server:3000 could not be reached (ENOTFOUND)', coded('ENOTFOUND')],
  ['unreachable', 'server:3000 could not be reached (EHOSTUNREACH)', coded('EHOSTUNREACH')],
  ['tls', 'TLS with server:3000 failed (CERT_HAS_EXPIRED)', coded('CERT_HAS_EXPIRED')],
  ['tls', 'TLS with server:3000 failed (ERR_TLS_CERT_ALTNAME_INVALID)', coded('ERR_TLS_CERT_ALTNAME_INVALID')],
  ['tls', 'TLS with server:3000 failed (EPROTO)', coded('EPROTO')],
  ['unreachable', 'The connection to server:3000 failed (it broke)', new Error('it broke')],
  ['refused', 'server:3000 refused the connection', new AggregateError([coded('ECONNREFUSED'), coded('EHOSTUNREACH')])],
  // One of the addresses did not answer at all: there may be somebody.
  ['unreachable', 'server:3000 could not be reached (ECONNREFUSED)', new AggregateError([coded('ECONNREFUSED'), coded('ETIMEDOUT'), 'no error'])],
])('a socket that failed: %s, "%s"', (cause, reason, error) => {
  const { witness, socket } = watched()
  socket.emit('connect')
  socket.emit('error', error)
  expect(witness.explain()).toEqual({ cause, reason, error })
})

it('an error without a name in the handshake of TLS is about TLS; before and after it is not', () => {
  const during = watched(true)
  during.socket.emit('connect')
  during.socket.emit('error', new Error('wrong version number'))
  expect(during.witness.explain()).toMatchObject({ cause: 'tls' })

  const after = watched(true)
  after.socket.emit('connect')
  after.socket.emit('secureConnect')
  after.socket.emit('error', new Error('wrong version number'))
  expect(after.witness.explain()).toMatchObject({ cause: 'unreachable' })
})

it('the first thing that happened to the socket is what counts', () => {
  const { witness, socket, ends } = watched()
  expect(witness.explain()).toBeUndefined()
  socket.emit('end')
  socket.emit('error', coded('ECONNRESET'))
  expect(ends()).toBe(1)
  expect(witness.explain()).toEqual({ cause: 'ended', reason: 'server:3000 ended the connection without a close frame' })
  const error = new Error('closed before the connection was established')
  expect(witness.explain(error)).toMatchObject({ cause: 'ended', error })
})

it('what no socket saw is explained by what the WebSocket reported, if that is about the network', () => {
  expect(watched().witness.explain(coded('ECONNREFUSED'))).toMatchObject({ cause: 'refused' })
  expect(watched().witness.explain(coded('EAI_AGAIN'))).toMatchObject({ cause: 'unreachable' })
  expect(watched().witness.explain(coded('EPIPE'))).toMatchObject({ cause: 'reset' })
  expect(watched().witness.explain(coded('ERR_SSL_WRONG_VERSION_NUMBER'))).toMatchObject({ cause: 'tls' })
  expect(watched().witness.explain(new Error('Unexpected server response: 503'))).toBeUndefined()
})
