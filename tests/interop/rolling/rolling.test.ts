import { mkdtemp, readdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { randomId } from '@ddp-cluster/ddp-common'
import { startEmbeddedMongo } from '@ddp-cluster/embedded-mongo'
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest'
import { ProcessPart } from '../../soak/part.js'
import type { Account, Order, Part, View } from './messages.js'
import { pack } from './pack.js'

const present = new URL('member.ts', import.meta.url)
const builds = new URL('builds/', import.meta.url)
const size = 4
const within = { timeout: 20_000, interval: 20 }

interface Member {
  readonly id: string
  readonly process: ProcessPart<Order>
}

let part: Part
let mongo: Awaited<ReturnType<typeof startEmbeddedMongo>> | undefined
const running = new Set<ProcessPart<Order>>()

beforeAll(async () => {
  const given = process.env['MONGO_URL']
  mongo = given ? undefined : await startEmbeddedMongo()
  part = { mongoUrl: given || (mongo?.uri ?? ''), database: '' }
})
afterEach(() => Promise.all([...running].map((process) => process.end('leave'))).then(() => running.clear()))
afterAll(() => mongo?.close())

async function start(build: URL, database: string): Promise<Member> {
  const [process, { id }] = await ProcessPart.start<Order, { id: string }>('a member', build, { ...part, database } satisfies Part)
  running.add(process)
  return { id, process }
}

async function leave(process: ProcessPart<Order>): Promise<void> {
  running.delete(process)
  await process.end('leave')
}

/** Replaces every member, one after the other and under load, by one of the build; returns the accounts of those who left, when they did. */
async function replaceAll(members: Member[], build: URL, database: string): Promise<Account[]> {
  const gone: Account[] = []
  for (const old of members) {
    const next = await start(build, database)
    // From here on it hears everything of everybody.
    await next.process.ask<Account>(`link ${size}`)
    await Promise.all(members.map(({ process }) => process.ask<Account>(`link ${size}`)))
    next.process.order('begin')
    old.process.order('settle')
    const heads = await Promise.all([...members, next].filter((member) => member !== old).map(({ process }) => process.ask<Account>('account')))
    gone.push(await vi.waitFor(async () => {
      const account = await old.process.ask<Account>('account')
      for (const { id, head } of heads) expect(account.heard[id]?.last ?? 0).toBeGreaterThanOrEqual(Math.max(head, 1))
      return account
    }, within))
    // What it emitted last is to arrive although it leaves at once.
    await leave(old.process)
    members.splice(members.indexOf(old), 1, next)
  }
  return gone
}

/**
 * What is missing between those who were there together, the accounts being in the order in which they came, which is that in which they left.
 * Whoever was there when another began heard its first event; whoever left later, or stayed to the end, its last.
 */
function missing(accounts: readonly Account[]): string[] {
  const stayed = accounts.length - size
  return accounts.flatMap((account, mine) => accounts.flatMap((sender, its) => {
    if (mine === its || Math.abs(mine - its) > size) return []
    const { first, last } = account.heard[sender.id] ?? { first: 0, last: 0 }
    const whole = (first === 1 || (mine > its && mine >= size)) && (last === sender.head || (mine < its && mine < stayed))
    return whole && last > 0 ? [] : [`${account.id} heard ${first} to ${last} of ${sender.id}, who emitted ${sender.head}`]
  }))
}

describe.each((await readdir(builds)).filter((name) => name.endsWith('.mjs')))('a cluster of the build %s', (name) => {
  it('is replaced by the present one while it works, and back again: nothing is lost, and nobody is suspected of having died', async () => {
    const earlier = new URL(name, builds)
    const database = `rolling_${randomId(8)}`
    const members = await Promise.all(Array.from({ length: size }, () => start(earlier, database)))
    await Promise.all(members.map(({ process }) => process.ask(`link ${size - 1}`)))
    for (const { process } of members) process.order('begin')
    const gone = [...(await replaceAll(members, present, database)), ...(await replaceAll(members, earlier, database))]
    for (const { process } of members) process.order('settle')
    const all = await vi.waitFor(async () => {
      const accounts = [...gone, ...(await Promise.all(members.map(({ process }) => process.ask<Account>('account'))))]
      expect(missing(accounts)).toEqual([])
      return accounts
    }, within)
    expect(all).toHaveLength(3 * size)
    expect(all.flatMap(({ id, wrong }) => wrong.map((words) => `${id}: ${words}`))).toEqual([])
    expect(all.reduce((sum, { head }) => sum + head, 0)).toBeGreaterThan(1000)
  }, 120_000)
})

describe('an instance that speaks another version of the peer protocol', () => {
  let folder: string
  beforeAll(async () => {
    // Beside the test, so that it finds what is not packed.
    folder = await mkdtemp(fileURLToPath(new URL('.packed-', import.meta.url)))
    await pack(join(folder, 'other.mjs'), 2)
  })
  afterAll(() => rm(folder, { recursive: true }))

  it('is refused in words that name both versions, by each side, and harms nobody', async () => {
    const database = `rolling_${randomId(8)}`
    const [a, b] = [await start(present, database), await start(present, database)]
    await Promise.all([a, b].map(({ process }) => process.ask('link 1')))
    const other = await start(pathToFileURL(join(folder, 'other.mjs')), database)
    const view = async (of: Member, id: string): Promise<View | undefined> => (await of.process.ask<View[]>('members')).find((member) => member.id === id)
    const words = (here: number, not: number): string => `wrong-protocol: version ${here} of the peer protocol is spoken here, not ${not}: update the instance with the older one`
    await vi.waitFor(async () => {
      for (const one of [a, b]) {
        expect(await view(one, other.id)).toMatchObject({ status: 'suspect', reason: words(2, 1), lastError: words(2, 1) })
        expect(await view(other, one.id)).toMatchObject({ status: 'suspect', reason: words(1, 2), lastError: words(1, 2) })
      }
    }, within)
    expect(await view(a, b.id)).toMatchObject({ status: 'alive' })
  }, 60_000)
})
