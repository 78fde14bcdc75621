import type { Collection, Db, Document, MongoClient } from 'mongodb'
import type { MongoPlace } from '../places.js'
import { within } from '../within.js'
import { asked, connectMongo, type Ending, patienceMs } from './connect.js'
import { projection, seen, type SeenDocument } from './record.js'

/** Read of the collection. */
export interface RegistryRead {
  readonly documents: readonly SeenDocument[]
  /** The database's clock, in milliseconds since the epoch. */
  readonly databaseNow: number
  /** Documents beyond those that were read. */
  readonly more: boolean
}

/** A cluster has tens of instances: who has so many documents has other troubles. */
const mostDocuments = 1000

const unknownCommand = 59

/** The registry of a cluster, which is only read. */
export class Registry {
  readonly place: MongoPlace
  readonly db: Db
  readonly collection: Collection<Document>
  readonly #client: MongoClient

  private constructor(place: MongoPlace, client: MongoClient) {
    this.place = place
    this.#client = client
    this.db = client.db()
    this.collection = this.db.collection(place.collection, { readPreference: 'primary', promoteValues: true, promoteLongs: true, useBigInt64: false })
  }

  /** Rejects with a `CliError`. */
  static async open(place: MongoPlace): Promise<Registry> {
    return new Registry(place, await connectMongo(place))
  }

  /** Database, collection and, where it is asked for one only, name. */
  get label(): string {
    const { collection, name } = this.place
    return `${this.db.databaseName}.${collection}${name === undefined ? '' : `/${name}`}`
  }

  /** Rejects with a `CliError`. */
  read(): Promise<RegistryRead> {
    return asked(this.place, async (ending) => {
      const ours = this.place.name === undefined ? {} : { name: this.place.name }
      const pipeline = [{ $match: ours }, { $limit: mostDocuments + 1 }, { $project: { ...projection, databaseNow: '$$NOW' } }]
      const documents = await this.collection.aggregate(pipeline, { batchSize: mostDocuments + 1, ...ending }).toArray()
      const now: unknown = documents[0]?.['databaseNow']
      const databaseNow = now instanceof Date ? now.getTime() : await this.clock()
      return { documents: documents.slice(0, mostDocuments).map((document) => seen(document, databaseNow)).sort(byRegistration), databaseNow, more: documents.length > mostDocuments }
    })
  }

  /** The database's clock. Rejects with a `CliError`. */
  clock(): Promise<number> {
    return asked(this.place, async (ending) => {
      const { localTime } = (await this.hello(ending)) as { localTime?: unknown }
      return localTime instanceof Date ? localTime.getTime() : Number.NaN
    })
  }

  /** Description of the deployment by itself. A server as old as 4.4.0 may not know the command by this name. */
  async hello({ signal }: Ending): Promise<Document> {
    const admin = this.#client.db('admin')
    return admin.command({ hello: 1 }, { signal }).catch((error: unknown) => {
      if (error instanceof Error && 'code' in error && error.code === unknownCommand) return admin.command({ isMaster: 1 }, { signal })
      throw error
    })
  }

  async close(): Promise<void> {
    await within(patienceMs, this.#client.close(true), () => new Error('late')).catch(() => undefined)
  }
}

const order = (document: SeenDocument): number => (document.kind === 'record' ? document._createdAt.getTime() : Number.MAX_SAFE_INTEGER)

const byRegistration = (a: SeenDocument, b: SeenDocument): number => order(a) - order(b)
