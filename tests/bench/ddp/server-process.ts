// What the benchmark's clients talk to, in a process of its own: our DDP server, and a bare WebSocket echo.
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { createDDPServer } from '@ddp-cluster/ddp-server'
import { WebSocketServer } from 'ws'

export interface Usage {
  readonly sessions: number
  readonly heapBytes: number
  readonly rssBytes: number
  /** Of CPU, user and system, since the process began. */
  readonly cpuMicros: number
}

const http = createServer()
const heartbeatIntervalMs = Number(process.argv[2] ?? 15_000)
const ddp = createDDPServer({ server: http, heartbeatIntervalMs })
ddp.method('echo', (value) => value)

const echo = new WebSocketServer({ noServer: true, perMessageDeflate: false })
http.on('upgrade', (request, socket, head) => {
  if (request.url !== '/echo') return
  echo.handleUpgrade(request, socket, head, (webSocket) => {
    webSocket.on('message', (data: Buffer) => webSocket.send(data.toString()))
  })
})

process.on('message', (message) => {
  if (message !== 'usage') return
  for (let round = 0; round < 4; round += 1) globalThis.gc?.()
  const { heapUsed, external, rss } = process.memoryUsage()
  const { user, system } = process.cpuUsage()
  process.send?.({ sessions: ddp.sessions, heapBytes: heapUsed + external, rssBytes: rss, cpuMicros: user + system } satisfies Usage)
})
process.on('disconnect', () => process.exit())
http.listen(0, '127.0.0.1', 4096, () => process.send?.((http.address() as AddressInfo).port))
