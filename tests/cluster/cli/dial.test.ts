import { once } from 'node:events'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { DDPError } from '@ddp-cluster/ddp-common'
import { createDDPServer, type DDPServer } from '@ddp-cluster/ddp-server'
import { afterEach, expect, it } from 'vitest'
import { type Answerer, isHealthy, whoAnswers } from '../../../packages/cli/src/doctor/dial.js'

let http: Server | undefined
let endpoint: DDPServer | undefined
afterEach(async () => {
  await endpoint?.close()
  http?.close()
  http?.closeAllConnections()
  endpoint = undefined
})

async function serve(answer?: () => unknown): Promise<string> {
  http = createServer((request, response) => {
    response.writeHead(200, { 'content-type': request.url === '/health' && answer === undefined ? 'application/json' : 'text/html' }).end('{}')
  }).listen(0, '127.0.0.1')
  await once(http, 'listening')
  if (answer) {
    endpoint = createDDPServer({ server: http })
    endpoint.method('cluster.challenge', answer)
  }
  return `ws://127.0.0.1:${(http.address() as AddressInfo).port}/websocket`
}
const asking = async (url: string): Promise<Answerer> => whoAnswers({ url, id: 'x'.repeat(17), cluster: 'app.instances/app', protocol: 1 })
const refusing = (error: string | number, reason?: string, details?: unknown) => (): never => {
  throw new DDPError(error, reason, details)
}

it.each<[what: string, answer: () => unknown, expected: object]>([
  ['the one that is looked for', () => ({ nonceB: new Uint8Array(32) }), { kind: 'right' }],
  ['another instance', refusing('wrong-instance', 'another', { instance: 'other' }), { kind: 'other', id: 'other' }],
  ['another instance, which does not say who', refusing('wrong-instance'), { kind: 'other', id: '?' }],
  ['one of another cluster', refusing('wrong-cluster', 'of another'), { kind: 'other-cluster', reason: 'of another' }],
  ['one of another protocol', refusing('wrong-protocol', 'version 2'), { kind: 'other-protocol', reason: 'version 2' }],
  ['one of another protocol, without a word', refusing('wrong-protocol'), { kind: 'other-protocol', reason: expect.stringContaining('wrong-protocol') as unknown }],
  ['a server with a method of that name', () => 5, { kind: 'no-instance' }],
  ['a server with another answer', () => ({ nonceB: 'text' }), { kind: 'no-instance' }],
  ['a server that refuses in its own way', refusing(403, 'not here'), { kind: 'no-instance', reason: expect.stringContaining('not here') as unknown }],
])('tells by its answer %s', async (_, answer, expected) => expect(await asking(await serve(answer))).toMatchObject(expected))

it('tells a server of HTTP, healthy as an instance is or not, from nobody', async () => {
  const instance = await serve()
  expect(await isHealthy(instance)).toBe(true)
  expect(await isHealthy('ws://127.0.0.1:1/websocket')).toBe(false)
  expect(await asking('ws://127.0.0.1:1/websocket')).toMatchObject({ kind: 'unreachable' })
})
