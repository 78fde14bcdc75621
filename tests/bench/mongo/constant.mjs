// A server that greets as a replica set and answers everything else with the same bytes: what the drivers alone cost.
import { createServer } from 'node:net'
import { once } from 'node:events'
import { BSON } from 'mongodb'
import { answerUsage } from './usage.mjs'

const opQuery = 2004

/** A whole frame around a reply; the number of the request that it answers is put in later. */
const frameOf = (reply, isMsg) => {
  const head = isMsg ? 21 : 36
  const body = BSON.serialize(reply)
  const frame = Buffer.alloc(head + body.length)
  frame.writeInt32LE(frame.length, 0)
  frame.writeInt32LE(isMsg ? 2013 : 1, 12)
  if (!isMsg) frame.writeInt32LE(1, 32)
  frame.set(body, head)
  return frame
}

  const server = createServer((socket) => {
    socket.setNoDelay(true)
    socket.on('error', () => socket.destroy())
    let pending = Buffer.alloc(0)
    socket.on('data', (bytes) => {
      pending = pending.length === 0 ? bytes : Buffer.concat([pending, bytes])
      while (pending.length >= 16 && pending.length >= pending.readInt32LE(0)) {
        const frame = pending.subarray(0, pending.readInt32LE(0))
        pending = pending.subarray(frame.length)
        const isMsg = frame.readInt32LE(12) !== opQuery
        const greets = !isMsg || frame.includes('hello\0') || frame.includes('ismaster\0') || frame.includes('isMaster\0')
        const answer = Buffer.from(isMsg ? (greets ? greeting : constant) : oldGreeting)
        answer.writeInt32LE(frame.readInt32LE(4), 8)
        socket.write(answer)
      }
    })
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = `127.0.0.1:${server.address().port}`
  const hello = {
    ismaster: true, isWritablePrimary: true, setName: 'rs0', setVersion: 1, hosts: [address], primary: address, me: address, secondary: false,
    maxBsonObjectSize: 16_777_216, maxMessageSizeBytes: 48_000_000, maxWriteBatchSize: 100_000, localTime: new Date(), logicalSessionTimeoutMinutes: 30,
    minWireVersion: 0, maxWireVersion: 9, readOnly: false, ok: 1,
  }
  const greeting = frameOf(hello, true)
  const oldGreeting = frameOf(hello, false)
  const constant = frameOf({ n: 1, nModified: 1, value: null, cursor: { firstBatch: [{ _id: '1-1', n: 1 }], id: BSON.Long.ZERO, ns: 'bench.items' }, ok: 1 }, true)
  answerUsage(`mongodb://${address}/?replicaSet=rs0`)
