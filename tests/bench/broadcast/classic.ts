// What Meteor applications do: a DDP method call for every event and peer, encoded for each with npm's ejson, and answered by each.
import { once } from 'node:events'
import { createRequire } from 'node:module'
import type { AddressInfo } from 'node:net'
import { WebSocket, WebSocketServer } from 'ws'
import { highWaterBytes, type Open } from './contestant.js'
import type { Message } from './message.js'

const EJSON = createRequire(import.meta.url)('ejson') as { stringify(value: unknown): string; parse(text: string): unknown }

interface Call {
  readonly id: string
  readonly params: [stream: string, event: string, message: Message]
}

export const openClassic: Open = async ({ role }, receive) => {
  if (role === 'subscriber') {
    const server = new WebSocketServer({ port: 0, host: '127.0.0.1', perMessageDeflate: false })
    await once(server, 'listening')
    server.on('connection', (socket) => {
      socket.on('message', (data: Buffer) => {
        const { id, params } = EJSON.parse(data.toString()) as Call
        receive(params[2])
        socket.send(EJSON.stringify({ msg: 'result', id }))
        socket.send(EJSON.stringify({ msg: 'updated', methods: [id] }))
      })
    })
    return { port: (server.address() as AddressInfo).port, emit: () => undefined, link: () => Promise.resolve() }
  }
  const sockets: WebSocket[] = []
  let calls = 0
  const isFull = (): boolean => sockets.some((socket) => socket.bufferedAmount >= highWaterBytes)
  return {
    async link([, ...ports]) {
      for (const port of ports) {
        const socket = new WebSocket(`ws://127.0.0.1:${port}`, { perMessageDeflate: false })
        socket.on('message', (data: Buffer) => EJSON.parse(data.toString()))
        await once(socket, 'open')
        sockets.push(socket)
      }
    },
    emit(message) {
      for (const socket of sockets) {
        calls += 1
        socket.send(EJSON.stringify({ msg: 'method', method: 'stream', id: String(calls), params: ['room', 'message', message] }))
      }
    },
    async busy() {
      while (isFull()) await new Promise((resolve) => setTimeout(resolve, 1))
    },
  }
}
