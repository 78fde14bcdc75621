import { once } from 'node:events'
import { connect } from 'node:net'
import { startEmbeddedMongo } from '@ddp-cluster/embedded-mongo'
import { BSON, MongoClient } from 'mongodb'
import { expect, test } from 'vitest'

/** The same numbers for the same seed. */
const numbers = (state: number) => (): number => {
  state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
  return state / 2 ** 32
}

const messageOf = (command: object): Buffer => {
  const body = BSON.serialize(command)
  const frame = Buffer.alloc(21 + body.length)
  frame.writeInt32LE(frame.length, 0)
  frame.writeInt32LE(2013, 12)
  frame.set(body, 21)
  return frame
}

test('two thousand broken messages over real sockets disturb nobody else', { timeout: 30_000 }, async () => {
  const server = await startEmbeddedMongo()
  const client = await new MongoClient(server.uri).connect()
  const items = client.db('calm').collection<{ _id: number }>('items')
  await items.insertOne({ _id: 1 })
  const next = numbers(4)
  const sound = [{ insert: 'c', documents: [{ a: 1 }], $db: 'wild' }, { find: 'c', filter: { a: { $gt: 0 } }, $db: 'wild' }, { ping: 1, $db: 'wild' }].map(messageOf)
  for (let round = 0; round < 40; round++) {
    const socket = connect(server.port, server.host)
    socket.on('error', () => socket.destroy())
    socket.resume()
    await once(socket, 'connect')
    for (let sent = 0; sent < 50; sent++) {
      const frame = Buffer.from(sound[Math.floor(next() * sound.length)] ?? Buffer.alloc(30))
      frame[Math.floor(next() * frame.length)] = Math.floor(next() * 256)
      socket.write(next() < 0.1 ? frame.subarray(0, Math.floor(next() * frame.length)) : frame)
    }
    expect(await items.findOne({ _id: 1 })).toEqual({ _id: 1 })
    socket.destroy()
  }
  expect(await items.countDocuments()).toBe(1)
  await client.close()
  await server.close()
})
