// Redis pub/sub: npm's redis, and the server of the Debian package.
import { createClient } from 'redis'
import type { Open } from './contestant.js'
import { fromPlain, type PlainMessage, toPlain } from './message.js'

export const openRedis: Open = async ({ role, redisPort }, receive) => {
  const client = createClient({ socket: { host: '127.0.0.1', port: redisPort } })
  client.on('error', (error: unknown) => {
    throw error
  })
  await client.connect()
  return {
    async link() {
      if (role === 'subscriber') await client.subscribe('room', (text) => receive(fromPlain(JSON.parse(text) as PlainMessage)))
    },
    emit: (message) => void client.publish('room', JSON.stringify(toPlain(message))),
  }
}
