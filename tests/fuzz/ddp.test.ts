import { setImmediate as nextTurn } from 'node:timers/promises'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { DDPError } from '@ddp-cluster/ddp-common'
import { describe, expect, it } from 'vitest'
import { RawClient, startServer, type TestServer } from '../conformance/server-harness.js'
import { clientMessage, mutated, randomFrame } from './ddp-frames.js'
import { seeded } from './seeded.js'

/** FUZZ_FRAMES=1000000 for the long run; FUZZ_SEED for another one. A failure names the seed. */
const frames = Number(process.env['FUZZ_FRAMES'] ?? 50_000)
const seed = Number(process.env['FUZZ_SEED'] ?? 20_261_123)


function offer({ ddp }: TestServer): void {
  ddp.method('echo', (...params) => params[0])
  ddp.method('later', async (...params) => { await nextTurn(); return params })
  ddp.method('become', async function (userId) { await this.setUserId(typeof userId === 'string' ? userId : null) })
  ddp.method('crash', () => { throw new Error('crash') })
  ddp.method('refuse', (details) => { throw new DDPError('refused', 'No.', details) })
  ddp.method('unblock', async function () { this.unblock(); await nextTurn() })
  ddp.publish('docs', function (...params) {
    for (let id = 0; id < 3; id += 1) this.added('docs', String(id), { id, user: this.userId, params })
    this.changed('docs', '1', { id: undefined })
    this.ready()
  })
  ddp.publish('stops', async function () { this.added('docs', 'x', { a: 1 }); await nextTurn(); this.stop() })
  ddp.publish('fails', () => { throw new Error('fails') })
}

/** The garbage collector, which Node.js hands out on request. */
setFlagsFromString('--expose-gc')
const collectGarbage = runInNewContext('gc') as () => void

const usedHeap = async (): Promise<number> => {
  for (let round = 0; round < 4; round += 1) {
    collectGarbage()
    await nextTurn()
  }
  return process.memoryUsage().heapUsed
}

const batch = 100

describe(`${frames} random frames, seed ${seed}`, () => {
  it.each(['websocket', 'sockjs'] as const)('over %s harm nothing', { timeout: 60_000 + frames / 5 }, async (transport) => {
    await using server = await startServer({ maxQueuedMessages: 100, maxSubscriptions: 50, resumeWithinMs: 100, maxResumeMessages: 20 })
    offer(server)
    const random = seeded(seed)
    const witness = await RawClient.connect(server.port)
    let client = await RawClient.connect(server.port, transport)
    let received = 0
    let resumed = 0

    /** Begins a session, or tries to resume the last one: with the right count, or with another. */
    const again = async (): Promise<RawClient> => {
      if (random() < 0.3) {
        received = 0
        return RawClient.connect(server.port, transport)
      }
      const { session } = client
      received += client.received
      const next = await RawClient.open(server.port, transport)
      next.send({ msg: 'connect', version: '1', support: ['1'], session, receivedCount: random() < 0.8 ? received : Math.floor(random() * 1000) })
      // Messages that a client sends at once, without waiting for the answer.
      for (let count = 0; count < 5; count += 1) next.sendText(randomFrame(random, clientMessage))
      await next.next('connected')
      if (next.session === session) resumed += 1
      else received = 0
      return next
    }

    /** Sends a batch and has the server say that it has dealt with all of it: only such frames count. */
    const attack = async (): Promise<number> => {
      for (let count = 0; count < batch; count += 1) client.sendText(randomFrame(random, clientMessage))
      await client.settled()
      if (random() < 0.3) {
        // It ends with a broken frame, in the middle of one, or at once; the next client may say anything before it connects.
        const torn = Buffer.from(randomFrame(random, clientMessage))
        const how = random()
        if (how < 0.3) client.tcp.write(mutated(torn, random))
        else if (how < 0.6) client.webSocket.send(mutated(torn, random).toString())
        if (random() < 0.5) client.tcp.resetAndDestroy()
        else client.tcp.end()
        await client.closed
        const stranger = await RawClient.open(server.port, transport)
        for (let count = 0; count < 5; count += 1) stranger.sendText(randomFrame(random, clientMessage))
        stranger.webSocket.close()
        client = await again()
      }
      const answer = `witness ${random()}`
      expect(await witness.call('echo', answer)).toMatchObject({ result: answer })
      expect(witness.inbox.splice(0).filter(({ msg }) => msg !== 'updated')).toEqual([])
      return batch
    }
    const attackWith = async (count: number): Promise<void> => {
      for (let sent = 0; sent < count;) sent += await attack()
      await client.close()
      while (server.ddp.sessions > 1) await nextTurn()
      client = await RawClient.connect(server.port, transport)
      received = 0
      server.logged.length = 0
    }

    // The first part makes the process grow to what such work needs; what comes after may not add to it.
    const half = frames / 2
    await attackWith(half / 5)
    const before = await usedHeap()
    await attackWith((half * 4) / 5)
    expect((await usedHeap()) / before).toBeLessThan(1.1)
    expect(resumed).toBeGreaterThan(frames / 10_000)
    witness.tcp.destroy()
    client.tcp.destroy()
  })
})
