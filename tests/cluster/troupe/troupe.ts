import { type ChildProcess, spawn } from 'node:child_process'
import { createRequire } from 'node:module'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { type EmbeddedMongo, startEmbeddedMongo } from '@ddp-cluster/embedded-mongo'
import { randomId } from '@ddp-cluster/ddp-common'
import { MongoClient } from 'mongodb'
import { until } from '../fleet.js'
import type { Line, Links, Order, Part, Told, Usage, View } from './messages.js'

const file = fileURLToPath(new URL('actor.ts', import.meta.url))
const execArgv = ['--import', pathToFileURL(createRequire(import.meta.url).resolve('tsx')).href, '--conditions=@ddp-cluster/source']

export type Casting = Partial<Omit<Part, 'mongoUrl' | 'database'>> & {
  /** Runs in this network namespace, which reaches MongoDB at this address. */
  readonly namespace?: { readonly name: string; readonly mongoUrl: string }
}

/** One process of the troupe. */
export class Actor {
  readonly child: ChildProcess
  readonly ready: Promise<void>
  readonly ended: Promise<void>
  /** As they were when it was ready. */
  seats: readonly View[] = []
  #orders = 0
  readonly #answers = new Map<number, (value: unknown) => void>()

  constructor(part: Part, namespace: string | undefined, onTold: (told: Told) => void) {
    const command = [process.execPath, ...execArgv, file, JSON.stringify(part)]
    const [program = '', ...args] = namespace === undefined ? command : ['ip', 'netns', 'exec', namespace, ...command]
    this.child = spawn(program, args, { stdio: ['ignore', 2, 2, 'ipc'] })
    this.ended = new Promise((resolve) => this.child.once('exit', () => resolve()))
    this.ready = new Promise((resolve, reject) => {
      this.child.once('error', reject)
      void this.ended.then(() => reject(new Error('an actor ended before it was ready')))
      this.child.on('message', (line: Line) => {
        if (line.type === 'told') onTold(line.told)
        else if (line.type === 'answer') this.#answers.get(line.order)?.(line.value)
        else {
          this.seats = line.views
          resolve()
        }
      })
    })
  }

  /** The one instance that it plays. */
  get id(): string {
    return this.seats[0]?.id ?? ''
  }

  views(): Promise<View[]> {
    return this.#order({ do: 'views' }) as Promise<View[]>
  }

  links(): Promise<Links[]> {
    return this.#order({ do: 'links' }) as Promise<Links[]>
  }

  usage(): Promise<Usage> {
    return this.#order({ do: 'usage' }) as Promise<Usage>
  }

  async block(ms: number): Promise<void> {
    await this.#order({ do: 'block', ms })
  }

  async setDate(offsetMs: number): Promise<void> {
    await this.#order({ do: 'date', offsetMs })
  }

  kill(signal: NodeJS.Signals): void {
    this.child.kill(signal)
  }

  #order(order: Order): Promise<unknown> {
    const number = (this.#orders += 1)
    return new Promise((resolve, reject) => {
      this.#answers.set(number, (value) => {
        this.#answers.delete(number)
        resolve(value)
      })
      void this.ended.then(() => reject(new Error('the actor has ended')))
      this.child.send({ ...order, order: number })
    })
  }
}

/** A cluster of real processes on one MongoDB, and all that they tell. `close()` ends them all. */
export class Troupe {
  readonly database = `troupe_${randomId(8)}`
  readonly mongo: EmbeddedMongo | undefined
  readonly mongoUrl: string
  /** Everything that was told, in the order of its arrival. */
  readonly told: Told[] = []
  readonly #usual: Casting
  readonly #actors = new Set<Actor>()

  private constructor(mongo: EmbeddedMongo | undefined, mongoUrl: string, usual: Casting) {
    this.mongo = mongo
    this.mongoUrl = mongoUrl
    this.#usual = usual
  }

  /** `usual` is what every actor plays unless something else is said. */
  static async open(usual: Casting = {}, mongo: Parameters<typeof startEmbeddedMongo>[0] = {}): Promise<Troupe> {
    const url = process.env['MONGO_URL']
    const embedded = url ? undefined : await startEmbeddedMongo(mongo)
    return new Troupe(embedded, url || (embedded?.uri ?? ''), usual)
  }

  get actors(): readonly Actor[] {
    return [...this.#actors]
  }

  /** Starts so many processes at once; resolves when all have joined. */
  async start(count: number, casting: Casting = {}): Promise<Actor[]> {
    const { namespace, instances = 1, options, ...rest } = { ...this.#usual, ...casting, options: { ...this.#usual.options, ...casting.options } }
    const part: Part = { mongoUrl: namespace?.mongoUrl ?? this.mongoUrl, database: this.database, instances, options, ...rest }
    const started = Array.from({ length: count }, () => new Actor(part, namespace?.name, (told) => this.told.push(told)))
    for (const actor of started) {
      this.#actors.add(actor)
      void actor.ended.then(() => this.#actors.delete(actor))
    }
    await Promise.all(started.map((actor) => actor.ready))
    return started
  }

  /** Resolves when every instance has every other as alive over an authorized link, and nobody else. */
  linked(withinMs: number): Promise<void> {
    return this.#complete(this.actors, withinMs, ({ others }) => others === 0)
  }

  /** The same for some, whatever they have of others. */
  linkedAmong(actors: readonly Actor[], withinMs: number): Promise<void> {
    return this.#complete(actors, withinMs, () => true)
  }

  async #complete(actors: readonly Actor[], withinMs: number, right: (links: Links) => boolean): Promise<void> {
    const instances = actors.reduce((sum, actor) => sum + actor.seats.length, 0)
    const complete = async (): Promise<boolean> => (await Promise.all(actors.map((actor) => actor.links()))).flat().every((links) => links.linked === instances - 1 && right(links))
    await until(complete, withinMs, async () => (await Promise.all(actors.map((actor) => actor.views()))).flat().map(({ id, members }) => ({ id, members: members.filter(({ status, connected }) => status !== 'alive' || !connected) })))
  }

  /** Time in which something must not happen: there is nothing else to wait for. */
  pass(ms: number): Promise<void> {
    return new Promise((resolve) => setTimeout(resolve, ms))
  }

  /** What was told since the last look. */
  takeTold(): Told[] {
    return this.told.splice(0)
  }

  async close(): Promise<void> {
    const actors = this.actors
    for (const actor of actors) actor.kill('SIGCONT')
    for (const actor of actors) actor.kill('SIGTERM')
    const timer = setTimeout(() => {
      for (const actor of actors) actor.kill('SIGKILL')
    }, 5000)
    await Promise.all(actors.map((actor) => actor.ended))
    clearTimeout(timer)
    if (!this.mongo) {
      const client = await new MongoClient(this.mongoUrl).connect()
      await client.db(this.database).dropDatabase()
      await client.close()
    }
    await this.mongo?.close()
  }
}
