// A server of one instance, as the README has it: started and stopped again and again by restarts.ts.
import { once } from 'node:events'
import { createServer } from 'node:http'
import { createDDPServer, type DDPServer, resumeLogin } from '@ddp-cluster/ddp-server'
import { joinCluster } from '@ddp-cluster/instance-status'
import { instancesApi } from '@ddp-cluster/instances-api'
import { MongoClient } from 'mongodb'

/** `server`: the cluster makes the endpoint, and login and methods come after it. `ddpServer`: the application does, before it. */
const [mongoUrl = '', databaseName = '', port = '', form = '', incarnation = ''] = process.argv.slice(2)

const tickEveryMs = 20

let leave = (): void => process.exit(1)
process.on('disconnect', () => leave())
process.on('message', () => leave())

const client = await new MongoClient(mongoUrl).connect()
const db = client.db(databaseName)
const server = createServer()
const login = resumeLogin(db.collection('users'))
const ddpServer = form === 'ddpServer' ? createDDPServer({ server, login }) : undefined
if (ddpServer) offer(ddpServer)
const joining = joinCluster({ db, name: 'restarts', ...(ddpServer ? { ddpServer } : { server }) })
const api = instancesApi({ cluster: joining })
server.on('request', (request, response) => void api(request, response))
server.listen(Number(port), '127.0.0.1')
const cluster = await joining
if (!ddpServer) offerLogin(cluster.ddpServer)
if (!ddpServer) offer(cluster.ddpServer)
const room = cluster.publishStream('room', { allowRead: 'all', allowWrite: 'logged' })
const ticking = setInterval(() => room.emit('tick', Number(incarnation)), tickEveryMs)
process.send?.('joined')

leave = () => void stop()

function offer(endpoint: DDPServer): void {
  endpoint.method('whoAmI', function () {
    return this.userId
  })
  endpoint.publish('clock', function () {
    this.added('times', 'now', { incarnation })
    this.ready()
  })
}

function offerLogin(endpoint: DDPServer): void {
  endpoint.method('login', async function (request) {
    const result = await login.call(this, request)
    await this.setUserId(result.id)
    return result
  })
}

async function stop(): Promise<void> {
  clearInterval(ticking)
  await cluster.close()
  await ddpServer?.close()
  const closed = once(server, 'close')
  server.close()
  await closed
  await client.close()
  if (process.connected) process.disconnect()
}
