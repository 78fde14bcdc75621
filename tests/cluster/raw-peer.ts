import { createHmac, randomBytes } from 'node:crypto'
import { type DataMessage, randomId } from '@ddp-cluster/ddp-common'
import { type Connection, openConnection } from '@ddp-cluster/ddp-client/internal'
import type { Cluster } from '@ddp-cluster/instance-status'

export interface RawPeerOptions {
  readonly secret: string
  readonly id?: string
  readonly attempt?: number
  /** Where the instance is dialled, if not at its address. */
  readonly url?: string
}

/** The instance that it dials. */
export type Dialled = Pick<Cluster, 'id' | 'name' | 'address'> & { readonly db: { readonly databaseName: string } }

/** A peer written by PROTOCOL.md alone: one session, dialled and proven, over which a test says what it likes. It has no record, and dialling it back is not possible. */
export class RawPeer {
  readonly id: string
  readonly connection: Connection
  readonly #attempt: number
  readonly #cluster: Dialled
  readonly #secret: string
  /** The fields of every message on `cluster.broadcast`, with its id. */
  readonly frames: { readonly id: string; readonly fields: Record<string, unknown> }[] = []

  /** What it was told of itself: the ids of the notices. */
  readonly notices: string[] = []

  constructor(cluster: Dialled, { secret, id = randomId(), attempt = 1, url = cluster.address.url }: RawPeerOptions) {
    this.id = id
    this.#attempt = attempt
    this.#cluster = cluster
    this.#secret = secret
    this.connection = openConnection({ url, onMessage: (message) => this.#take(message) })
  }

  static async prove(cluster: Dialled, options: RawPeerOptions): Promise<RawPeer> {
    const peer = new RawPeer(cluster, options)
    await peer.prove()
    return peer
  }

  async prove(): Promise<void> {
    const cluster = `${this.#cluster.db.databaseName}.instances/${this.#cluster.name}`
    const [from, to, attempt, nonceA] = [this.id, this.#cluster.id, this.#attempt, randomBytes(32)]
    const { nonceB } = (await this.connection.call('cluster.challenge', [{ protocol: 1, cluster, from, to, attempt, nonceA: new Uint8Array(nonceA) }])) as { nonceB: Uint8Array }
    const hmac = createHmac('sha256', this.#secret)
    for (const field of ['dialler', '1', cluster, from, to, String(attempt), nonceA, nonceB]) {
      const length = Buffer.alloc(4)
      length.writeUInt32BE(Buffer.from(field as string).length)
      hmac.update(length).update(field)
    }
    await this.connection.call('cluster.prove', [{ proofA: new Uint8Array(hmac.digest()) }])
  }

  async subscribe(request: object): Promise<void> {
    await this.connection.subscribe('cluster.broadcast', [request]).ready
  }

  /** Every number that came, with the stream's name; a gap as what it says. */
  heard(): unknown[] {
    return this.frames.flatMap(({ id, fields }) => {
      if (fields['gap'] !== undefined) return [fields['gap']]
      const events = (fields['events'] ?? []) as unknown[]
      return events.flatMap((offset, at) => (at % 4 === 0 ? [[Number(id) + (offset as number), events[at + 1]]] : []))
    })
  }

  /** The last number that the instance said to be behind this peer. */
  get told(): number {
    return Math.max(0, ...this.frames.map(({ fields }) => Number(fields['last'] ?? 0)))
  }

  #take(message: DataMessage): void {
    if (message.msg === 'changed' && message.collection === 'cluster.broadcast') this.frames.push({ id: message.id, fields: message.fields ?? {} })
    if (message.msg === 'changed' && message.collection === 'cluster.notice') this.notices.push(message.id)
  }
}
