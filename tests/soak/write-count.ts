import { type ChangeStream, MongoClient } from 'mongodb'

/** Counts what is written to a MongoDB, by anybody, as its change stream tells it: each write is an entry of its oplog. */
export class WriteCount {
  readonly #client: MongoClient
  readonly #stream: ChangeStream
  #writes = 0
  #failed: Error | undefined

  private constructor(client: MongoClient) {
    this.#client = client
    this.#stream = client.watch().on('change', () => void (this.#writes += 1)).on('error', (error) => void (this.#failed = error))
  }

  static async open(uri: string): Promise<WriteCount> {
    return new WriteCount(await new MongoClient(uri).connect())
  }

  /** Since it was opened. Throws what ended the stream, if anything did. */
  get writes(): number {
    if (this.#failed) throw this.#failed
    return this.#writes
  }

  async close(): Promise<void> {
    await this.#stream.close()
    await this.#client.close()
  }
}
