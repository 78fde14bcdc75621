import { startEmbeddedMongo } from '@ddp-cluster/embedded-mongo'
import { MongoClient, MongoServerError } from 'mongodb'
import type { Document } from 'mongodb'

/** A server of its own for a file of tests, asked by raw commands. */
export interface Asked extends AsyncDisposable {
  /** The reply of a command. */
  readonly ask: (command: Document, db?: string) => Promise<Document>
  /** The documents of a command's first batch. */
  readonly batch: (command: Document) => Promise<Document[]>
  /** What a pipeline makes of one empty document. */
  readonly value: (expression: unknown) => Promise<unknown>
  /** The code and the message of a refused command, or of its first write error. */
  readonly refusal: (command: Document, db?: string) => Promise<[code: number, message: string]>
}

export const startAsking = async (): Promise<Asked> => {
  const server = await startEmbeddedMongo()
  const client = await new MongoClient(server.uri, { retryWrites: false }).connect()
  const ask: Asked['ask'] = (command, db = 'asked') => client.db(db).command(command)
  await ask({ insert: 'one', documents: [{ _id: 1 }] })
  return {
    ask,
    batch: async (command) => ((await ask(command))['cursor'] as { firstBatch: Document[] }).firstBatch,
    value: async (expression) => {
      const reply = await ask({ aggregate: 'one', pipeline: [{ $project: { _id: 0, v: expression } }], cursor: {} })
      return (reply['cursor'] as { firstBatch: Document[] }).firstBatch[0]?.['v'] as unknown
    },
    refusal: async (command, db) => {
      try {
        const [first] = ((await ask(command, db))['writeErrors'] ?? []) as { code: number, errmsg: string }[]
        if (!first) throw new Error(`not refused: ${JSON.stringify(command)}`)
        return [first.code, first.errmsg]
      } catch (cause) {
        if (cause instanceof MongoServerError) return [Number(cause.code), cause.message]
        throw cause
      }
    },
    [Symbol.asyncDispose]: async () => {
      await client.close()
      await server.close()
    },
  }
}
