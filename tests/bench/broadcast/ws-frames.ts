// One WebSocket frame an event, encoded once for all.
import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { WebSocket, WebSocketServer } from 'ws'
import { highWaterBytes, type Open } from './contestant.js'
import { fromPlain, type PlainMessage, toPlain } from './message.js'

export const openWsFrames: Open = async ({ role, count }, receive) => {
  if (role === 'subscriber') {
    return {
      emit: () => undefined,
      async link([port = 0]) {
        const socket = new WebSocket(`ws://127.0.0.1:${port}`, { perMessageDeflate: false })
        socket.on('message', (data: Buffer) => receive(fromPlain(JSON.parse(data.toString()) as PlainMessage)))
        await once(socket, 'open')
      },
    }
  }
  const server = new WebSocketServer({ port: 0, host: '127.0.0.1', perMessageDeflate: false })
  await once(server, 'listening')
  return {
    port: (server.address() as AddressInfo).port,
    async link() {
      while (server.clients.size < count - 1) await new Promise((resolve) => setTimeout(resolve, 5))
    },
    emit(message) {
      const bytes = Buffer.from(JSON.stringify(toPlain(message)))
      for (const socket of server.clients) socket.send(bytes, { binary: false })
    },
    busy() {
      const isFull = (): boolean => [...server.clients].some((socket) => socket.bufferedAmount >= highWaterBytes)
      return isFull() ? untilNot(isFull) : undefined
    },
  }
}

async function untilNot(isFull: () => boolean): Promise<void> {
  while (isFull()) await new Promise((resolve) => setTimeout(resolve, 1))
}
