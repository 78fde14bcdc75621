// NATS: its own client, and the server of the Debian package.
import { connect } from '@nats-io/transport-node'
import type { Open } from './contestant.js'
import { fromPlain, type PlainMessage, toPlain } from './message.js'

export const openNats: Open = async ({ role, natsPort }, receive) => {
  const connection = await connect({ servers: `127.0.0.1:${natsPort}` })
  return {
    async link() {
      if (role === 'publisher') return
      connection.subscribe('room', { callback: (_error, message) => receive(fromPlain(JSON.parse(message.string()) as PlainMessage)) })
      await connection.flush()
    },
    emit: (message) => connection.publish('room', JSON.stringify(toPlain(message))),
  }
}
