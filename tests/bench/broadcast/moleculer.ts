// Moleculer 0.14 over its TCP transporter, with the addresses given instead of found by UDP.
import { createServer, type AddressInfo } from 'node:net'
import { once } from 'node:events'
import { type Context, ServiceBroker } from 'moleculer'
import type { Open } from './contestant.js'
import { fromPlain, type PlainMessage, toPlain } from './message.js'

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  server.close()
  await once(server, 'close')
  return port
}

export const openMoleculer: Open = async ({ index }, receive) => {
  const port = await freePort()
  let broker: ServiceBroker | undefined
  return {
    port,
    async link(ports) {
      const options = { udpDiscovery: false, port, urls: ports.map((other, node) => `127.0.0.1:${other}/node-${node}`) }
      broker = new ServiceBroker({ nodeID: `node-${index}`, logger: false, transporter: { type: 'TCP', options } })
      const listen = (context: Context<PlainMessage>): void => receive(fromPlain(context.params))
      broker.createService(index === 0 ? { name: 'publisher' } : { name: `subscriber-${index}`, events: { 'chat.message': listen } })
      await broker.start()
      await broker.waitForServices(ports.map((_, node) => (node === 0 ? 'publisher' : `subscriber-${node}`)))
    },
    emit: (message) => void broker?.broadcast('chat.message', toPlain(message)),
  }
}
