// What idle sessions cost the server: bytes, and CPU for their heartbeats.
import WebSocket from 'ws'
import type { BenchOptions } from '../report.js'
import { startServer } from './start-server.js'

async function openSession(port: number): Promise<WebSocket> {
  const webSocket = new WebSocket(`ws://127.0.0.1:${port}/websocket`, { perMessageDeflate: false })
  webSocket.on('message', (data: Buffer) => {
    if (data.includes('"ping"')) webSocket.send('{"msg":"pong"}')
  })
  await new Promise((resolve, reject) => {
    webSocket.once('open', resolve)
    webSocket.once('error', reject)
  })
  const connected = new Promise((resolve) => webSocket.once('message', resolve))
  webSocket.send('{"msg":"connect","version":"1","support":["1"]}')
  await connected
  return webSocket
}

export async function benchIdle({ quick }: BenchOptions): Promise<Record<string, string | number>[]> {
  const count = quick ? 2_000 : 10_000
  const heartbeatIntervalMs = quick ? 1_000 : 15_000
  const windowMs = quick ? 2_000 : 30_000
  const server = await startServer(heartbeatIntervalMs)
  const warm = await Promise.all(Array.from({ length: 200 }, () => openSession(server.port)))
  // Going away: a session whose socket is lost otherwise waits for its client.
  for (const webSocket of warm) webSocket.close(1001)
  await new Promise((resolve) => setTimeout(resolve, 200))
  const before = await server.usage()
  const clients: WebSocket[] = []
  while (clients.length < count) clients.push(...(await Promise.all(Array.from({ length: 100 }, () => openSession(server.port)))))
  const open = await server.usage()
  if (open.sessions !== count) throw new Error(`${open.sessions} sessions instead of ${count}`)
  await new Promise((resolve) => setTimeout(resolve, heartbeatIntervalMs))
  const begun = await server.usage()
  await new Promise((resolve) => setTimeout(resolve, windowMs))
  const ended = await server.usage()
  for (const webSocket of clients) webSocket.terminate()
  await server.stop()
  // The collections of garbage that `usage()` makes are in it: two of them, of a heap of idle sessions.
  const cpuMicros = ended.cpuMicros - begun.cpuMicros
  return [{
    what: 'idle sessions', sessions: ended.sessions, 'heap bytes a session': Math.round((open.heapBytes - before.heapBytes) / count),
    'resident bytes a session': Math.round((open.rssBytes - before.rssBytes) / count), 'heartbeat every s': heartbeatIntervalMs / 1000,
    'CPU µs a session and second': Number((cpuMicros / count / (windowMs / 1000)).toFixed(2)), 'of one core': `${((cpuMicros / windowMs / 1000) * 100).toFixed(1)} %`,
  }]
}
