// This library.
import { joinCluster } from '@ddp-cluster/instance-status'
import { MongoClient } from 'mongodb'
import type { Open } from './contestant.js'
import type { Message } from './message.js'

export const openOurs: Open = async ({ role, count, mongoUri }, receive) => {
  const client = await new MongoClient(mongoUri).connect()
  const cluster = await joinCluster({ db: client.db(`bench_${count}`), name: 'bench', listen: { host: '127.0.0.1' }, address: { host: '127.0.0.1' } })
  const room = cluster.stream<{ message: [Message] }>('room')
  let goesOn = true
  return {
    async link() {
      if (role === 'subscriber') room.on('message', receive)
      while (cluster.members().filter(({ status }) => status === 'alive').length < count - 1) await new Promise((resolve) => setTimeout(resolve, 20))
      await room.ready()
    },
    emit(message) {
      goesOn = room.emit('message', message)
    },
    busy: () => (goesOn ? undefined : room.drained()),
  }
}
