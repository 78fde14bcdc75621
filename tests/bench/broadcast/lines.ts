// The ceiling: lines of JSON over bare TCP, in batches of 64 KiB, one buffer for all.
import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Socket } from 'node:net'
import { highWaterBytes, type Open } from './contestant.js'
import { fromPlain, type PlainMessage, toPlain } from './message.js'

const batchCharacters = 64 * 1024

export const openLines: Open = async ({ role, count }, receive) => {
  if (role === 'subscriber') {
    return {
      emit: () => undefined,
      async link([port = 0]) {
        const socket = connect(port, '127.0.0.1').setNoDelay(true)
        let rest = ''
        socket.setEncoding('utf8').on('data', (text: string) => {
          const lines = (rest + text).split('\n')
          rest = lines.pop() ?? ''
          for (const line of lines) receive(fromPlain(JSON.parse(line) as PlainMessage))
        })
        await once(socket, 'connect')
      },
    }
  }
  const sockets: Socket[] = []
  const server = createServer((socket) => sockets.push(socket.setNoDelay(true))).listen(0, '127.0.0.1')
  await once(server, 'listening')
  let batch = ''
  let scheduled = false
  const flush = (): void => {
    scheduled = false
    if (batch === '') return
    const bytes = Buffer.from(batch)
    batch = ''
    for (const socket of sockets) socket.write(bytes)
  }
  return {
    port: (server.address() as AddressInfo).port,
    async link() {
      while (sockets.length < count - 1) await new Promise((resolve) => setTimeout(resolve, 5))
    },
    emit(message) {
      batch += `${JSON.stringify(toPlain(message))}\n`
      if (batch.length >= batchCharacters) flush()
      else if (!scheduled) {
        scheduled = true
        setImmediate(flush)
      }
    },
    busy() {
      const full = sockets.filter((socket) => socket.writableLength >= highWaterBytes)
      return full.length === 0 ? undefined : Promise.all(full.map((socket) => once(socket, 'drain'))).then(() => undefined)
    },
  }
}
