import { connect, type DDPClient } from '@ddp-cluster/ddp-client'
import { describe, expect, it } from 'vitest'
import { startServer, type TestServer } from './server-harness.js'

/** Our client in front of our server, over real sockets, at the limits of both. */

function clientOf(server: TestServer, maxMessageBytes?: number): DDPClient {
  return connect({ url: `ws://127.0.0.1:${server.port}/websocket`, ...(maxMessageBytes !== undefined && { maxMessageBytes }) })
}

const nested = (levels: number): unknown => JSON.parse(`${'['.repeat(levels)}${']'.repeat(levels)}`)

describe('one message beyond a limit costs one call or subscription', () => {
  it('when the server does not take it', async () => {
    await using server = await startServer({ maxMessageBytes: 10_000, maxMessageDepth: 20 })
    let echoed = 0
    server.ddp.method('echo', (value) => {
      echoed += 1
      return value
    })
    server.ddp.publish('echo', function () { this.ready() })
    await using client = clientOf(server)
    const subscription = client.subscribe('echo', 1)
    await subscription.ready
    await expect(client.call('echo', 'x'.repeat(10_001))).rejects.toMatchObject({ code: 'refused' })
    await expect(client.call('echo', nested(50))).rejects.toMatchObject({ code: 'refused' })
    const tooMuch = client.subscribe('echo', 'x'.repeat(10_001))
    await expect(tooMuch.ready).rejects.toMatchObject({ code: 'refused' })
    expect(await client.call('echo', 2)).toBe(2)
    expect(echoed).toBe(1)
    expect(subscription.isReady).toBe(true)
  })

  it('when the client does not take the answer', async () => {
    await using server = await startServer({ maxMessageDepth: 200 })
    let ran = 0
    server.ddp.method('long', () => {
      ran += 1
      return 'x'.repeat(10_001)
    })
    server.ddp.method('deep', () => {
      ran += 1
      return nested(150)
    })
    server.ddp.method('echo', (value) => value)
    server.ddp.publish('long', function () {
      this.added('docs', '1', { text: 'x'.repeat(10_001) })
      this.ready()
    })
    await using client = clientOf(server, 10_000)
    await expect(client.call('long')).rejects.toMatchObject({ code: 'bad-answer', end: { cause: 'too-long' } })
    await expect(client.call('deep')).rejects.toMatchObject({ code: 'bad-answer' })
    expect(ran).toBe(2)
    await expect(client.subscribe('long').ready).rejects.toMatchObject({ code: 'bad-answer' })
    expect(await client.call('echo', 2)).toBe(2)
    expect(client.status().status).toBe('connected')
  })
})
