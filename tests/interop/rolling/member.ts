// One instance of a cluster in which builds are mixed: emits numbered events, and notes what it hears. Run from the sources, or packed by pack.ts.
import { joinCluster } from '@ddp-cluster/instance-status'
import { MongoClient } from 'mongodb'
import type { Account, Order, Part, View } from './messages.js'

const emitEveryMs = 5
const mostWords = 20

const { mongoUrl, database } = JSON.parse(process.argv[2] ?? '') as Part
const tell = (message: unknown): void => void (process.connected && process.send?.(message))
const client = await new MongoClient(mongoUrl).connect()
const cluster = await joinCluster({ db: client.db(database), name: 'rolling', listen: { host: '127.0.0.1' }, linkTimeoutMs: 2000 })

let head = 0
let timer: NodeJS.Timeout | undefined
const heard: Record<string, { readonly first: number; readonly last: number }> = {}
const wrong: string[] = []
const note = (words: string): void => void (wrong.length < mostWords && wrong.push(words))

const room = cluster.stream<{ message: [n: number, text: string, at: Date] }>('room')
room.on('message', function (n, text, at) {
  const { from } = this
  const { first, last } = heard[from] ?? { first: n, last: n - 1 }
  if (n !== last + 1) note(`${n} of ${from} was heard when ${last + 1} was due`)
  if (text !== `event ${n}` || !(at instanceof Date)) note(`${n} of ${from} came with another content`)
  heard[from] = { first, last: n }
})
cluster.on('gap', ({ from, after, lost }) => note(`a gap: ${lost} after ${after} of ${from}`))
cluster.on('memberLeft', ({ id, reason }) => void (reason === 'closed' || note(`${id} left: ${reason}`)))

async function link(others: number): Promise<void> {
  while (cluster.members().filter(({ status }) => status === 'alive').length < others) await new Promise((resolve) => setTimeout(resolve, 10))
  await room.ready()
}

async function leave(): Promise<void> {
  clearInterval(timer)
  await cluster.close()
  await client.close()
  process.disconnect()
}

const account = (): void => tell({ id: cluster.id, head, heard, wrong } satisfies Account)

process.on('message', (order: Order) => {
  switch (order) {
    case 'begin':
      timer = setInterval(() => room.emit('message', (head += 1), `event ${head}`, new Date()), emitEveryMs)
      return
    case 'settle':
      return clearInterval(timer)
    case 'account':
      return account()
    case 'members':
      return tell(cluster.members().map(({ id, status, reason, link: dialled }): View => ({ id, status, reason, lastError: dialled?.lastError })))
    case 'leave':
      return void leave()
    default:
      return void link(Number(order.slice('link '.length))).then(account)
  }
})
process.on('disconnect', () => process.exit())
tell({ id: cluster.id })
