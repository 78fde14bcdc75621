import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { RawPeer } from '../cluster/raw-peer.js'
import { speakAsInstance } from '../security/compromised-peer.js'
import type { Actor } from './cast.js'

/** Numbers that no sender of a chaos run ever reaches. */
const impossible = [2 ** 31, 2 ** 39, 2 ** 52, Number.MAX_SAFE_INTEGER - 1, Number.MAX_SAFE_INTEGER]

/** Answers in the place of an instance, with the cluster's secret, and lies about its numbers. */
export class Liar {
  readonly port: number
  readonly #close: () => void

  private constructor(port: number, close: () => void) {
    this.port = port
    this.#close = close
  }

  static async begin(secret: string, choose: (below: number) => number): Promise<Liar> {
    const server = createServer().listen(0, '127.0.0.1')
    await once(server, 'listening')
    const number = (): number => impossible[choose(impossible.length)] ?? 0
    const lies: (() => object)[] = [
      () => ({ from: number() }),
      () => ({ from: 1 }),
      () => ({ after: 0, last: number(), events: [] }),
      () => ({ gap: { after: 0, next: number(), exact: choose(2) === 0 } }),
    ]
    const speaker = speakAsInstance(server, secret, ({ msg, id }) => {
      if (msg !== 'sub') return undefined
      for (let count = 1 + choose(5); count > 0; count -= 1) speaker.say({ msg: 'changed', collection: 'cluster.broadcast', id: '1', fields: lies[choose(lies.length)]?.() })
      return { msg: 'ready', subs: [id] }
    })
    return new Liar((server.address() as AddressInfo).port, () => {
      speaker.hangUp()
      server.close()
    })
  }

  close(): void {
    this.#close()
  }
}

/** Says goodbye to an instance in the name of another, which stays. */
export async function sayGoodbyeAs(victim: Actor, { to, secret, database, choose }: { readonly to: Actor; readonly secret: string; readonly database: string; readonly choose: (below: number) => number }): Promise<void> {
  const head = choose(2) === 0 ? choose(100) : impossible[choose(impossible.length)]
  const url = `ws://127.0.0.1:${to.proxy.port}/websocket`
  const dialled = { id: to.id, name: 'chaos', address: { host: '127.0.0.1', port: String(to.proxy.port), url }, db: { databaseName: database } }
  const peer = new RawPeer(dialled, { secret, id: victim.id, attempt: 1_000_000_000 + choose(1_000_000) })
  try {
    await peer.prove()
    await peer.connection.call('cluster.goodbye', [{ head }], { timeoutMs: 1000 })
  } catch {
    // The other one may be gone, or not reached just now.
  } finally {
    peer.connection.close()
  }
}
