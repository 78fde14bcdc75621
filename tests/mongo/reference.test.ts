import { startEmbeddedMongo } from '@ddp-cluster/embedded-mongo'
import { MongoClient, ObjectId } from 'mongodb'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { replay, scenarios } from './reference.js'
import type { EmbeddedMongo } from '@ddp-cluster/embedded-mongo'

// The reference: what a real mongod answered. With MONGO_URL it is asked of that server instead, which needs enableTestCommands=1.
describe('the reference, command by command', () => {
  let server: EmbeddedMongo | undefined
  let client: MongoClient

  beforeAll(async () => {
    const url = process.env['MONGO_URL']
    if (url === undefined) server = await startEmbeddedMongo()
    client = await new MongoClient(url ?? server?.uri ?? '', { retryWrites: false }).connect()
  })

  afterAll(async () => {
    await client.close()
    await server?.close()
  })

  test.each(scenarios.map((scenario) => [scenario.scenario, scenario] as const))('%s', async (_name, scenario) => {
    const db = `ref_${new ObjectId().toHexString()}`
    try {
      for (const { step, command, wanted, got } of await replay(client, scenario, db)) {
        expect(got, `step ${step}: ${JSON.stringify(command)}`).toStrictEqual(wanted)
        // The order of the fields is part of the reply.
        expect(JSON.stringify(got)).toBe(JSON.stringify(wanted))
      }
    } finally {
      await client.db(db).dropDatabase()
    }
  })
})
