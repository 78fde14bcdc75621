// The ceiling: lines over bare TCP, in batches of 64 KiB, one buffer for all. Of JSON that is written by hand for this one message, or of EJSON, which takes any.
import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Socket } from 'node:net'
import { EJSON } from '@ddp-cluster/ddp-common'
import { type Contestant, highWaterBytes, type Open, type Setup } from './contestant.js'
import { fromPlain, type Message, type PlainMessage, toPlain } from './message.js'

const batchCharacters = 64 * 1024

interface Writing {
  readonly write: (message: Message) => string
  readonly read: (line: string) => Message
}

const plain: Writing = { write: (message) => JSON.stringify(toPlain(message)), read: (line) => fromPlain(JSON.parse(line) as PlainMessage) }
const ejson: Writing = { write: (message) => EJSON.stringify(message), read: (line) => EJSON.parse(line) as Message }

export const openLines: Open = (setup, receive) => openWriting(plain, setup, receive)
export const openEjsonLines: Open = (setup, receive) => openWriting(ejson, setup, receive)

async function openWriting({ write, read }: Writing, { role, count }: Setup, receive: (message: Message) => void): Promise<Contestant> {
  if (role === 'subscriber') {
    return {
      emit: () => undefined,
      async link([port = 0]) {
        const socket = connect(port, '127.0.0.1').setNoDelay(true)
        let rest = ''
        socket.setEncoding('utf8').on('data', (text: string) => {
          const lines = (rest + text).split('\n')
          rest = lines.pop() ?? ''
          for (const line of lines) receive(read(line))
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
      batch += `${write(message)}\n`
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
