import { startEmbeddedMongo } from '@ddp-cluster/embedded-mongo'

/** A MongoDB to run on. */
export interface Mongo {
  readonly url: string
  /** For people. */
  readonly what: string
  close(): Promise<void>
}

/** The one that `MONGO_URL` names, else an embedded one that lives as long as this process. */
export async function openMongo(mongoUrl: string | undefined): Promise<Mongo> {
  if (mongoUrl) return { url: mongoUrl, what: 'the MongoDB of MONGO_URL', close: () => Promise.resolve() }
  const embedded = await startEmbeddedMongo()
  return { url: embedded.uri, what: `an embedded MongoDB on port ${embedded.port} (in memory, for trying out only)`, close: () => embedded.close() }
}
