import { execFile } from 'node:child_process'
import { createRequire } from 'node:module'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { promisify } from 'node:util'
import { expect, it } from 'vitest'
import { startEmbeddedMongo } from '@ddp-cluster/embedded-mongo'
import { randomId } from '@ddp-cluster/ddp-common'
import { MongoClient } from 'mongodb'

const primary = fileURLToPath(new URL('workers/primary.ts', import.meta.url))
const execArgv = ['--import', pathToFileURL(createRequire(import.meta.url).resolve('tsx')).href, '--conditions=@ddp-cluster/source']

it('workers of node:cluster, which share one port, are instances by ports of their own, and are told why not by the shared one', async () => {
  const mongo = process.env['MONGO_URL'] ? undefined : await startEmbeddedMongo()
  const url = process.env['MONGO_URL'] || (mongo?.uri ?? '')
  const database = `workers_${randomId(8)}`
  const client = await new MongoClient(url).connect()
  try {
    const { stdout } = await promisify(execFile)(process.execPath, [...execArgv, primary, url, database], { timeout: 30_000 })
    const { answers, endings } = JSON.parse(stdout) as { answers: { refused: string; port: string; alive: number }[]; endings: string[] }
    expect(answers.map(({ refused, alive }) => ({ refused, alive }))).toEqual(Array.from({ length: 3 }, () => ({ refused: 'shared-port', alive: 2 })))
    expect(new Set(answers.map(({ port }) => port)).size).toBe(3)
    // They left at SIGTERM, and the signal ended them as it ends any process.
    expect(endings).toEqual(['SIGTERM', 'SIGTERM', 'SIGTERM'])
    expect(await client.db(database).collection('instances').countDocuments()).toBe(0)
  } finally {
    await client.db(database).dropDatabase()
    await client.close()
    await mongo?.close()
  }
}, 40_000)
