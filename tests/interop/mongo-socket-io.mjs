// One of two Socket.IO servers that share a collection through @socket.io/mongo-adapter. Prints its port; emits to everybody when told to.
import { createServer } from 'node:http'
import { createAdapter } from '@socket.io/mongo-adapter'
import { MongoClient } from 'mongodb'
import { Server } from 'socket.io'

const client = await new MongoClient(process.argv[2]).connect()
const events = client.db('sio').collection('events')
await client.db('sio').createCollection('events', { capped: true, size: 1e6 }).catch((error) => {
  if (error.codeName !== 'NamespaceExists') throw error
})
const http = createServer()
const io = new Server(http)
io.adapter(createAdapter(events))
http.listen(0, '127.0.0.1', () => process.send({ port: http.address().port }))
process.on('message', async (message) => {
  if (message === 'emit') io.emit('news', process.pid)
  // A server whose heartbeat came before it listens does not answer in time: it is counted the next time.
  if (message === 'count') process.send({ sockets: await io.fetchSockets().then((sockets) => sockets.length, () => 0) })
})
