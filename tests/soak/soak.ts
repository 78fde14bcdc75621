import { randomId } from '@ddp-cluster/ddp-common'
import { MongoClient } from 'mongodb'
import { Asker } from './asker.js'
import type { Account, Order, Part, Sample } from './messages.js'
import { ProcessPart } from './part.js'
import type { Look, Plan } from './samples.js'
import type { Weight } from './weigh.js'
import { WriteCount } from './write-count.js'

const settleWithinMs = 30_000

/** 10 s, and in a short run so often that there are enough to judge. */
export const lookEveryMs = (forMs: number): number => Math.max(500, Math.min(10_000, forMs / 30))

/**
 * Runs the load of the plan, and tells every look at the processes. Resolves with what was wrong about events, calls and answers;
 * rejects when a process ends by itself. `signal` ends the load early.
 */
export async function soak({ forMs, instances, perSecond }: Plan, seen: (look: Look) => void, signal?: AbortSignal): Promise<string[]> {
  const given = process.env['MONGO_URL']
  const [mongo, uri] = given ? [undefined, given] : await ProcessPart.start<'sample' | 'leave', { uri: string }>('MongoDB', new URL('mongo.ts', import.meta.url), {}).then(([part, hello]) => [part, hello.uri] as const)
  const count = mongo && (await WriteCount.open(uri))
  const database = `soak_${randomId(8)}`
  const members: ProcessPart<Order>[] = []
  try {
    const part: Part = { mongoUrl: uri, database, instances, perSecond: perSecond / instances }
    const started = await Promise.all(Array.from({ length: instances }, (_, index) => ProcessPart.start<Order, { port: number }>(`instance ${index + 1}`, new URL('member.ts', import.meta.url), part)))
    members.push(...started.map(([member]) => member))
    await Promise.all(members.map((member) => member.ask('link')))
    const asker = new Asker(started.map(([, { port }]) => port), instances)
    const look = async (): Promise<void> => {
      const samples: Sample[] = []
      // One after the other: they share the processor.
      for (const member of members) samples.push(await member.ask<Sample>('sample'))
      seen({ atMs: performance.now() - beganAt, members: samples, ...(mongo && count && { mongo: { ...(await mongo.ask<Weight>('sample')), writes: count.writes } }), answers: asker.answers })
    }
    const beganAt = performance.now()
    for (const member of members) member.order('begin')
    for (let next = lookEveryMs(forMs); next <= forMs && !signal?.aborted; next += lookEveryMs(forMs)) {
      await pass(beganAt + next - performance.now(), signal)
      await look()
    }
    for (const member of members) member.order('settle')
    await asker.close()
    return [...asker.wrong, ...(await settled(members))]
  } finally {
    await Promise.all(members.map((member) => member.end('leave')))
    await count?.close()
    await mongo?.end('leave')
    if (!mongo) await forget(uri, database)
  }
}

/** Waits until everybody has heard all of everybody; what is missing when the time is up, and what was wrong before. */
async function settled(members: readonly ProcessPart<Order>[]): Promise<string[]> {
  for (const until = performance.now() + settleWithinMs; ; await pass(100)) {
    const accounts = await Promise.all(members.map((member) => member.ask<Account>('account')))
    const missing = accounts.flatMap(({ id, heard }) => accounts.flatMap((other) => {
      const last = new Map(heard).get(other.id) ?? 0
      return last === other.head ? [] : [`${id} has heard ${last} of ${other.id}, who emitted ${other.head}`]
    }))
    if (missing.length === 0 || performance.now() > until) return [...accounts.flatMap(({ id, wrong }) => wrong.map((words) => `${id}: ${words}`)), ...missing]
  }
}

async function forget(uri: string, database: string): Promise<void> {
  const client = await new MongoClient(uri).connect()
  try {
    await client.db(database).dropDatabase()
  } finally {
    await client.close()
  }
}

function pass(ms: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const end = (): void => {
      clearTimeout(timer)
      signal?.removeEventListener('abort', end)
      resolve()
    }
    const timer = setTimeout(end, ms)
    if (signal?.aborted) end()
    else signal?.addEventListener('abort', end)
  })
}
