import { expect, it, vi } from 'vitest'
import { ManualClock } from '@ddp-cluster/ddp-common/internal'
import { RawClient, startServer } from './server-harness.js'

/** SockJS' WebSocket transport, as its protocol (0.3.3) has it and Meteor's browser client speaks it. */

it('opens with o, sends arrays, takes arrays and single strings, ignores empty frames, closes with c', async () => {
  await using server = await startServer()
  server.ddp.method('end', function () { this.connection.close(3000, 'Go away!') })
  const client = await RawClient.open(server.port, 'sockjs')
  const frames: string[] = []
  client.webSocket.on('message', (data: Buffer) => frames.push(data.toString()))
  expect(await client.next()).toEqual({ frame: 'o' })
  client.webSocket.send('')
  client.webSocket.send(JSON.stringify(JSON.stringify({ msg: 'connect', version: '1', support: ['1'] })))
  await client.next('connected')
  client.webSocket.send(JSON.stringify(['{"msg":"ping","id":"1"}', '{"msg":"ping","id":"2"}']))
  await client.next('pong')
  await client.next('pong')
  client.send({ msg: 'method', method: 'end', id: '1' })
  expect((await client.closed).code).toBe(3000)
  expect(frames.at(-1)).toBe('c[3000,"Go away!"]')
  expect(frames.slice(1, 3)).toEqual(['a["{\\"msg\\":\\"pong\\",\\"id\\":\\"1\\"}"]', 'a["{\\"msg\\":\\"pong\\",\\"id\\":\\"2\\"}"]'])
})

it('sends h every 45 seconds, and leaves no timer when the client has gone', async () => {
  const clock = new ManualClock()
  await using server = await startServer({ clock, heartbeatIntervalMs: 0, resumeWithinMs: 0 })
  const idle = clock.pending
  const client = await RawClient.connect(server.port, 'sockjs')
  const frames: string[] = []
  client.webSocket.on('message', (data: Buffer) => frames.push(data.toString()))
  clock.advance(44_999)
  client.send({ msg: 'ping' })
  await client.next('pong')
  expect(frames).not.toContain('h')
  clock.advance(1 + 45_000)
  client.send({ msg: 'ping' })
  await client.next('pong')
  expect(frames.filter((frame) => frame === 'h')).toHaveLength(2)
  client.webSocket.close()
  await client.closed
  await vi.waitFor(() => expect(clock.pending).toBe(idle))
})

it.each(['{', '[1]', '7', '["a",{}]', 'null'])('ends a session whose framing is broken: %s', async (frame) => {
  await using server = await startServer()
  const client = await RawClient.connect(server.port, 'sockjs')
  client.webSocket.send(frame)
  expect((await client.closed).code).toBe(1002)
})

it.each(['/sockjs/1/2/xhr', '/sockjs/1/2', '/sockjs/a.b/c/websocket', '/sockjs//c/websocket', '/sockjs'])('knows nothing of %s', async (path) => {
  await using server = await startServer()
  expect((await fetch(`http://127.0.0.1:${server.port}${path}`)).status).toBe(404)
})

it('tells about itself, to pages of other origins too', async () => {
  await using server = await startServer()
  const url = `http://127.0.0.1:${server.port}/sockjs/info?cb=abc`
  const answer = await fetch(url, { headers: { origin: 'http://page.example' } })
  expect(answer.headers.get('access-control-allow-origin')).toBe('http://page.example')
  expect(answer.headers.get('access-control-allow-credentials')).toBe('true')
  expect(answer.headers.get('cache-control')).toContain('no-store')
  const info = (await answer.json()) as { entropy: number }
  expect(info).toEqual({ websocket: true, origins: ['*:*'], cookie_needed: false, entropy: expect.any(Number) as number })
  expect(((await (await fetch(url)).json()) as { entropy: number }).entropy).not.toBe(info.entropy)
  expect((await fetch(url, { method: 'OPTIONS' })).status).toBe(204)
  expect((await fetch(url, { method: 'POST' })).status).toBe(405)
})
