import { once } from 'node:events'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { type EmbeddedMongo, type EmbeddedMongoOptions, startEmbeddedMongo } from '@ddp-cluster/embedded-mongo'
import { randomId } from '@ddp-cluster/ddp-common'
import { type Cluster, joinCluster, type JoinOptions } from '@ddp-cluster/instance-status'
import { type Db, MongoClient } from 'mongodb'

/** A MongoDB and the instances that a test lets join, all in this process; `close()` ends them all. */
export class Fleet {
  readonly db: Db
  /** Tells its commands, for tests that count them. */
  readonly client: MongoClient
  readonly #serverUrl: string
  readonly #mongo: EmbeddedMongo | undefined
  readonly #clusters = new Set<Cluster>()
  readonly #servers = new Set<Server>()

  private constructor(client: MongoClient, url: string, mongo: EmbeddedMongo | undefined) {
    this.client = client
    this.#serverUrl = url
    this.#mongo = mongo
    this.db = client.db(`ddp_cluster_test_${randomId(8)}`)
  }

  /** On the MongoDB of `MONGO_URL`, else on an embedded one, which may be `unusual`: then it is embedded in any case. */
  static async open(unusual?: EmbeddedMongoOptions): Promise<Fleet> {
    const given = unusual ? undefined : process.env['MONGO_URL']
    const mongo = given ? undefined : await startEmbeddedMongo(unusual)
    const url = given || (mongo?.uri ?? '')
    return new Fleet(await new MongoClient(url, { monitorCommands: true }).connect(), url, mongo)
  }

  /** The URL of this fleet's database. */
  get url(): string {
    const url = new URL(this.#serverUrl)
    url.pathname = `/${this.db.databaseName}`
    return url.href
  }

  async listen(): Promise<{ server: Server; port: number }> {
    const server = createServer().listen(0, '127.0.0.1')
    await once(server, 'listening')
    this.#servers.add(server)
    return { server, port: (server.address() as AddressInfo).port }
  }

  /** Joins an instance with a server of its own; what differs from the usual is in `options`. */
  async join(options: Partial<JoinOptions> = {}): Promise<Cluster> {
    const { server, port } = await this.listen()
    return this.track(await joinCluster({ db: this.db, name: 'test', server, address: { host: 'localhost', port }, ...options }))
  }

  /** Sees to it that an instance that the test joined itself is closed at the end. */
  track(cluster: Cluster): Cluster {
    this.#clusters.add(cluster)
    return cluster
  }

  async close(): Promise<void> {
    await Promise.all([...this.#clusters].map((cluster) => cluster.close()))
    for (const server of this.#servers) {
      server.close()
      server.closeAllConnections()
    }
    await this.db.dropDatabase()
    await this.client.close()
    await this.#mongo?.close()
  }
}

/** Resolves when `condition` holds; rejects after `withinMs` with what `describe` says. */
export async function until(condition: () => boolean | Promise<boolean>, withinMs: number, describe: () => unknown = () => ''): Promise<void> {
  const deadline = performance.now() + withinMs
  while (!(await condition())) {
    if (performance.now() > deadline) throw new Error(`not within ${withinMs} ms: ${JSON.stringify(await describe())}`)
    await new Promise((resolve) => setTimeout(resolve, 5))
  }
}

/** Everyone has everyone else as alive, over an authorized link. */
export async function linked(clusters: readonly Cluster[], withinMs = 5000): Promise<void> {
  const complete = (cluster: Cluster): boolean => {
    const members = cluster.members()
    return members.length === clusters.length - 1 && members.every(({ status, link }) => status === 'alive' && link?.authorized === true)
  }
  await until(() => clusters.every(complete), withinMs, () => clusters.map((cluster) => cluster.members().map(({ id, status, reason, link }) => ({ id, status, reason, link }))))
}
