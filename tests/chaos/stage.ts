import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type EmbeddedMongo, startEmbeddedMongo } from '@ddp-cluster/embedded-mongo'
import { randomId } from '@ddp-cluster/ddp-common'
import { MongoClient } from 'mongodb'
import type { Breakage } from './broken.js'
import { Actor } from './cast.js'
import { type Journal, readJournal, sharedNow } from './journal.js'
import { Packets } from './own-network.js'

/** Something bad that was done, from when until when: to one instance, or to MongoDB. */
export interface Trouble {
  readonly kind: string
  readonly id: string | undefined
  readonly from: number
  until: number
}

export const leaseTtlMs = 1500
/** Short, so that three minutes see many expiries. */
const options = { heartbeatIntervalMs: 1000, expireAfterMs: 5000, linkHeartbeatIntervalMs: 1000, linkHeartbeatTimeoutMs: 1000, linkTimeoutMs: 5000 }
export const { expireAfterMs } = options

const settings = 'instances_settings'

/** MongoDB is never away for as long as so many starts take. */
const mostTries = 20

/** The instances of a run, their MongoDB, and a list of what was done to them. */
export class Stage {
  readonly database = `chaos_${randomId(8)}`
  readonly actors: Actor[] = []
  readonly troubles: Trouble[] = []
  /** How the processes ended that were told to. */
  readonly endings: { readonly id: string; readonly how: string }[] = []
  /** Present where packets can be lost. */
  readonly packets = Packets.here()
  readonly #folder: string
  readonly #breakage: Breakage | undefined
  readonly #mongoUrl: string
  #mongo: EmbeddedMongo | undefined
  #started = 0

  private constructor(folder: string, mongoUrl: string, mongo: EmbeddedMongo | undefined, breakage: Breakage | undefined) {
    this.#folder = folder
    this.#mongoUrl = mongoUrl
    this.#mongo = mongo
    this.#breakage = breakage
  }

  static async open(breakage?: Breakage): Promise<Stage> {
    const given = process.env['MONGO_URL']
    const mongo = given ? undefined : await startEmbeddedMongo()
    return new Stage(await mkdtemp(join(tmpdir(), 'chaos-')), given || (mongo?.uri ?? ''), mongo, breakage)
  }

  /** Only an embedded MongoDB can be stopped. */
  get hasOwnMongo(): boolean {
    return this.#mongo !== undefined
  }

  /** As a supervisor does: again and again, since nobody joins while MongoDB is away. */
  async start(): Promise<void> {
    for (let tries = 1; ; tries += 1) {
      const journalFile = join(this.#folder, `${(this.#started += 1)}.journal`)
      try {
        this.actors.push(await Actor.start({ mongoUrl: this.#mongoUrl, database: this.database, journalFile, breakage: this.#breakage, leaseTtlMs, options }))
        return
      } catch (error) {
        if (tries === mostTries) throw error
      }
    }
  }

  /** Notes what is done; the function returned says that it is over, or will be so much later. */
  trouble(kind: string, id?: string): (laterMs?: number) => void {
    const trouble: Trouble = { kind, id, from: sharedNow(), until: Number.POSITIVE_INFINITY }
    this.troubles.push(trouble)
    return (laterMs = 0) => void (trouble.until = sharedNow() + laterMs)
  }

  async end(actor: Actor, signal: 'SIGKILL' | 'SIGTERM'): Promise<void> {
    this.actors.splice(this.actors.indexOf(actor), 1)
    const over = this.trouble(signal, actor.id)
    const how = await actor.kill(signal)
    if (signal === 'SIGTERM') this.endings.push({ id: actor.id, how })
    over()
  }

  /** Stops MongoDB for so long; it comes back with its data. */
  async restartMongo(awayMs: number): Promise<void> {
    if (!this.#mongo) return
    const { port, store } = this.#mongo
    await this.#mongo.close()
    await new Promise((resolve) => setTimeout(resolve, awayMs))
    this.#mongo = await startEmbeddedMongo({ port, store })
  }

  /** Makes MongoDB's commands fail or wait, as its own fail points do. */
  async failPoint(command: { readonly mode: string; readonly data?: object }): Promise<void> {
    await this.#ask((client) => client.db('admin').command({ configureFailPoint: 'failCommand', ...command }))
  }

  /** The cluster's secret, unless it is lost just now. */
  async secret(): Promise<string | undefined> {
    const document = await this.#ask((client) => client.db(this.database).collection<{ _id: string; secret?: unknown }>(settings).findOne({ _id: 'secret:chaos' })).catch(() => null)
    return typeof document?.secret === 'string' ? document.secret : undefined
  }

  /** Deletes the document in which the secret is, as an operator's mistake does. */
  async dropSecret(): Promise<void> {
    await this.#ask((client) => client.db(this.database).collection<{ _id: string }>(settings).deleteOne({ _id: 'secret:chaos' }))
  }

  /** Drops the whole collection. */
  async dropSettings(): Promise<void> {
    await this.#ask((client) => client.db(this.database).collection(settings).drop())
  }

  /** The ids of the records that are there. */
  async registered(): Promise<string[]> {
    const ids = await this.#ask((client) => client.db(this.database).collection('instances').distinct('_id'))
    return ids.map(String)
  }

  journals(): Promise<Journal[]> {
    return Promise.all(Array.from({ length: this.#started }, async (_, index) => readJournal(await readFile(join(this.#folder, `${index + 1}.journal`), 'utf8').catch(() => ''))))
  }

  async close(): Promise<void> {
    await Promise.all(this.actors.map((actor) => actor.kill('SIGKILL')))
    if (!this.#mongo) await this.#ask((client) => client.db(this.database).dropDatabase())
    await this.#mongo?.close()
    await rm(this.#folder, { recursive: true })
  }

  async #ask<T>(question: (client: MongoClient) => Promise<T>): Promise<T> {
    const client = await new MongoClient(this.#mongoUrl).connect()
    try {
      return await question(client)
    } finally {
      await client.close()
    }
  }
}
