import { EJSON, type DocumentId } from '@ddp-cluster/ddp-common'
import { ManualClock } from '@ddp-cluster/ddp-common/internal'
import { describe, expect, it } from 'vitest'
import { DDPClient } from '../../packages/ddp-client/src/client.js'
import { ScriptedServer } from '../../packages/ddp-client/src/scripted-server.test-kit.js'
import { randomFrame, serverMessage } from './ddp-frames.js'
import { seeded } from './seeded.js'

const frames = Number(process.env['FUZZ_FRAMES'] ?? 50_000)
const seed = Number(process.env['FUZZ_SEED'] ?? 20_261_123)
const batch = 20
/** Few of them are broken: one that is no DDP at all ends the connection, and what follows it in the batch counts for nothing. */
const brokenShare = 0.1

const keyOf = (id: DocumentId): string => EJSON.stringify(id)

/** What listeners of a collection have been told, so that contradictions show. */
class Mirror {
  readonly name: string
  readonly documents = new Map<string, unknown>()

  constructor(client: DDPClient, name: string) {
    this.name = name
    const collection = client.collection(name)
    collection.on('added', ({ id, document }) => {
      expect(this.documents.has(keyOf(id))).toBe(false)
      this.documents.set(keyOf(id), document)
    })
    collection.on('changed', ({ id, document, previous }) => {
      expect(this.documents.get(keyOf(id))).toEqual(previous)
      this.documents.set(keyOf(id), document)
    })
    collection.on('removed', ({ id, previous }) => {
      expect(this.documents.get(keyOf(id))).toEqual(previous)
      this.documents.delete(keyOf(id))
    })
  }
}

describe(`a client that gets ${frames} random frames, seed ${seed}`, () => {
  it('stays right about what it was told, and its calls are answered', { timeout: 60_000 + frames / 5 }, async () => {
    const random = seeded(seed)
    const clock = new ManualClock()
    const server = new ScriptedServer()
    const thrown: unknown[] = []
    const ignore = (): void => undefined
    const logger = { debug: ignore, info: ignore, warn: ignore, error: (fields: object) => void thrown.push(fields) }
    const client = new DDPClient({ url: 'ws://server.example/websocket', clock, logger }, server.dial)
    const mirrors = ['docs', 'ordered', '__proto__'].map((name) => new Mirror(client, name))
    const reasons = new Set<string>()
    let told = 0
    client.collection('docs').on('changed', () => { told += 1 })
    client.collection('docs').on('added', () => { told += 1 })
    client.on('statusChanged', (status) => { if (status.status === 'waiting') reasons.add(status.reason) })
    let session = 'first'
    const went = { on: 0, anew: 0 }
    server.socket.accept(session)
    for (let sent = 0; sent < frames; sent += batch) {
      const call = client.call('witness', sent)
      for (let count = 0; count < batch; count += 1) server.socket.sayText(random() < brokenShare ? randomFrame(random, serverMessage) : JSON.stringify(serverMessage(random)))
      // A frame that is no DDP has ended the connection; the call goes to the next one, on which the session goes on or a new one begins.
      await new Promise(setImmediate)
      if (!client.status().connected) {
        client.reconnect()
        const goesOn = random() < 0.5
        went[goesOn ? 'on' : 'anew'] += 1
        if (!goesOn) session = `since ${sent}`
        server.socket.accept(session)
      }
      const asked = server.socket.take().findLast((message) => message.msg === 'method')
      if (asked?.msg !== 'method') throw new Error('The witness was not sent')
      server.socket.say({ msg: 'result', id: asked.id, result: asked.params }, { msg: 'updated', methods: [asked.id] })
      expect(await call).toEqual([sent])
      for (const { name, documents } of mirrors) expect(new Map([...client.collection(name)].map((document) => [keyOf(document._id), document]))).toEqual(documents)
    }
    expect(thrown).toEqual([])
    expect(reasons.size).toBeGreaterThan(1)
    expect(Math.min(went.on, went.anew)).toBeGreaterThan(10)
    expect(told).toBeGreaterThan(frames / 50)
    await client.close()
    expect(clock.pending).toBe(0)
  })
})
