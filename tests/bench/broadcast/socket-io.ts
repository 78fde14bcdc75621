// Socket.IO servers that emit to each other through the cluster adapter: the channels of node:cluster, by way of the primary.
import { createServer } from 'node:http'
import { createAdapter } from '@socket.io/cluster-adapter'
import { Server } from 'socket.io'
import type { Open } from './contestant.js'
import { fromPlain, type PlainMessage, toPlain } from './message.js'

export const openSocketIo: Open = ({ count }, receive) => {
  const io = new Server(createServer(), { adapter: createAdapter() })
  io.on('message', (message: PlainMessage) => receive(fromPlain(message)))
  return Promise.resolve({
    async link() {
      // The adapters find each other by their heartbeats.
      while ((await io.of('/').adapter.serverCount()) < count) await new Promise((resolve) => setTimeout(resolve, 100))
    },
    emit: (message) => void io.serverSideEmit('message', toPlain(message)),
  })
}
