/* oxlint-disable no-console -- what follows stands in the README of ddp-client, and is run by client-readme.test.ts */
import { connect } from '@ddp-cluster/ddp-client'

const client = connect({ url: process.env.DDP_URL ?? 'ws://localhost:3000/websocket' })
client.on('statusChanged', ({ status }) => console.log(status)) // connecting, connected, waiting, failed, offline

await client.login({ resume: 'a login token' }) // done again by itself after a reconnect
console.log(client.userId)

const rooms = client.collection('rooms')
rooms.on('changed', ({ id, document }) => console.log(id, 'is now', document.name))
const subscription = client.subscribe('rooms', { limit: 10 })
await subscription.ready
for (const room of rooms) console.log(room._id, room.name)

console.log(await client.call('add', 1, 2))
await client.apply('pay', [new Date()], { noRetry: true, timeoutMs: 5_000 }) // never sent twice, never waited for longer

subscription.stop()
await client.close()
