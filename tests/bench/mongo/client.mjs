// One of the client processes: the same four operations in turn, many at a time, until the time is over.
import { once } from 'node:events'
import { MongoClient } from 'mongodb'

const [uri, id, ms, inFlight] = process.argv.slice(2)
const documents = 100
const warmUpMs = 3000

const client = await new MongoClient(uri, { maxPoolSize: Number(inFlight) }).connect()
const items = client.db('bench').collection('items')
for (let at = 0; at < documents; at++) await items.insertOne({ _id: `${id}-${at}`, n: 0 })

const work = async (until, worker, phase) => {
  let done = 0
  for (let turn = 0; performance.now() < until; turn++) {
    const _id = `${id}-${(worker * 7 + turn) % documents}`
    if (turn % 4 === 0) await items.findOne({ _id })
    else if (turn % 4 === 1) await items.updateOne({ _id }, { $inc: { n: 1 } })
    else if (turn % 4 === 2) await items.insertOne({ _id: `${phase}-${id}-${worker}-${turn}`, n: turn, text: 'inserted' })
    else await items.findOneAndUpdate({ _id }, { $set: { by: worker } })
    done++
  }
  return done
}

const all = async (forMs, phase) => {
  const until = performance.now() + forMs
  const counts = await Promise.all(Array.from({ length: Number(inFlight) }, (_, worker) => work(until, worker, phase)))
  return counts.reduce((sum, count) => sum + count, 0)
}

// Both ends are compiled while they run: what they do before that is not measured.
await all(warmUpMs, 'warm-up')
process.send('ready')
await once(process, 'message')
process.send(await all(Number(ms), 'measured'))
await client.close()
process.disconnect()
