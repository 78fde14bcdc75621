// HTTP: instances.get of an instance with 15 peers under load, beside a bare handler that sends the same bytes; and what scraping costs.
import { createHash } from 'node:crypto'
import { setTimeout as after } from 'node:timers/promises'
import autocannon from 'autocannon'
import { startEmbeddedMongo } from '@ddp-cluster/embedded-mongo'
import { instancesPath, metricsPath } from '@ddp-cluster/instances-api'
import { MongoClient } from 'mongodb'
import { Child } from './http/child.js'
import { costOfScraping } from './http/scraping.js'
import { median, ratio } from './measure.js'
import type { BenchOptions, BenchReport } from './report.js'

const peers = 15
const connections = 50
const token = 'the-token-of-the-benchmark'
const headers = { 'x-auth-token': token, 'x-user-id': 'admin' }

/** One round: requests a second, and the latency that one in a hundred exceeds. */
interface Round {
  readonly rate: number
  readonly p99Ms: number
}

export async function run({ quick }: BenchOptions): Promise<BenchReport> {
  const mongo = await startEmbeddedMongo()
  const client = await new MongoClient(mongo.uri).connect()
  const [instance, bare, neighbours] = [new Child('server-process.ts'), new Child('server-process.ts'), new Child('neighbours-process.ts')]
  try {
    await addUser(client)
    await neighbours.ask({ uri: mongo.uri, count: peers })
    const port = await instance.ask<number>({ kind: 'instance', uri: mongo.uri })
    while ((await instance.ask<number>('links')) < peers) await after(50)
    const url = `http://127.0.0.1:${port}${instancesPath}`
    const answer = await fetch(url, { headers })
    const body = await answer.text()
    if (answer.status !== 200) throw new Error(`instances.get answered ${answer.status}`)
    const same = Object.fromEntries(['cache-control', 'content-type', 'content-length'].map((name) => [name, answer.headers.get(name)]))
    const barePort = await bare.ask<number>({ kind: 'bare', headers: same, body })
    const contestants = [{ name: 'instances.get', url, rounds: [] as Round[] }, { name: 'bare node:http', url: `http://127.0.0.1:${barePort}/`, rounds: [] as Round[] }]
    for (const { url: warm } of contestants) await load(warm, 1)
    for (let round = 0; round < (quick ? 2 : 6); round += 1) {
      for (const contestant of round % 2 === 0 ? contestants : contestants.toReversed()) contestant.rounds.push(await load(contestant.url, quick ? 2 : 5))
    }
    const scraping = await costOfScraping(instance, `http://127.0.0.1:${port}${metricsPath}`, quick ? { rounds: 1, seconds: 3 } : { rounds: 5, seconds: 8 })
    const rows = contestants.map(({ name, rounds }) => ({ name, 'bytes of the body': body.length, 'requests a second': Math.round(median(rounds.map(({ rate }) => rate))), 'p99 in ms': median(rounds.map(({ p99Ms }) => p99Ms)) }))
    const [ours, theirs] = contestants.map(({ rounds }) => rounds)
    const rates = ratio((ours ?? []).map(({ rate }) => rate), (theirs ?? []).map(({ rate }) => rate))
    const latencies = ratio((ours ?? []).map(({ p99Ms }) => p99Ms), (theirs ?? []).map(({ p99Ms }) => p99Ms))
    return {
      rows: [...rows, { name: '/metrics each second', 'percent of a CPU': Number(scraping.toFixed(2)) }],
      targets: [
        { name: 'instances.get, requests a second by those of a bare handler', target: 'at least 0.5', value: rates, met: rates >= 0.5, why: 'every request is authenticated, authorized and counted; the bare handler does nothing' },
        { name: 'instances.get, p99 by that of a bare handler', target: 'under 3', value: latencies, met: latencies < 3, why: 'on two cores the load itself takes one' },
        { name: '/metrics scraped every second, percent of a CPU', target: 'under 1', value: scraping, met: scraping < 1 },
      ],
    }
  } finally {
    await Promise.all([instance, bare, neighbours].map((child) => child.stop()))
    await client.close()
    await mongo.close()
  }
}

async function load(url: string, seconds: number): Promise<Round> {
  const { requests, latency, errors, non2xx } = await autocannon({ url, connections, duration: seconds, headers })
  if (errors + non2xx > 0) throw new Error(`${errors} requests failed and ${non2xx} were refused`)
  return { rate: requests.average, p99Ms: latency.p99 }
}

async function addUser(client: MongoClient): Promise<void> {
  const hashedToken = createHash('sha256').update(token).digest('base64')
  const db = client.db('bench')
  await db.collection<{ _id: string; roles: string[]; services: object }>('users').insertOne({ _id: 'admin', roles: ['admin'], services: { resume: { loginTokens: [{ hashedToken }] } } })
  await db.collection<{ _id: string; roles: string[] }>('rocketchat_permissions').insertOne({ _id: 'view-statistics', roles: ['admin'] })
}
