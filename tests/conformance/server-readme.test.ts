import { readFileSync } from 'node:fs'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { DDPError } from '@ddp-cluster/ddp-common'
import { createDDPServer, resumeLogin, type DDPServer } from '@ddp-cluster/ddp-server'
import { expect, it } from 'vitest'
import { RawClient } from './server-harness.js'

/** Runs the samples of the README as they stand there, but for their imports and the port. */

const readme = readFileSync(new URL('../../packages/ddp-server/README.md', import.meta.url), 'utf8')
const samples = [...readme.matchAll(/```ts\n(.*?)```/gs)].map(([, code = '']) => code.replace(/^import .*$/gm, '').replace('3000', '0'))

/** The words that a sample takes for granted come in, the server it makes comes out. */
function evaluate(sample: string, given: Record<string, unknown>): { ddp: DDPServer; http: Server } {
  // oxlint-disable-next-line typescript/no-implied-eval -- the README is ours
  const run = new Function(...Object.keys(given), `${sample}\nreturn { ddp, http }`) as (...values: unknown[]) => { ddp: DDPServer; http: Server }
  return run(...Object.values(given))
}

it('the first sample serves methods and a publication', async () => {
  const { ddp, http } = evaluate(samples[0] ?? '', { createServer, createDDPServer, DDPError })
  await new Promise((resolve) => http.once('listening', resolve))
  const client = await RawClient.connect((http.address() as AddressInfo).port)
  expect(await client.call('add', 1, 2)).toMatchObject({ result: 3 })
  expect(await client.call('add', 1)).toMatchObject({ error: { error: 'invalid-argument' } })
  client.send({ msg: 'sub', id: 's', name: 'clock' })
  expect(await client.next('added')).toMatchObject({ collection: 'times', id: 'now' })
  client.tcp.destroy()
  await ddp.close()
  http.close()
})

it('the second sample logs in', async () => {
  const http = createServer()
  await new Promise<void>((resolve) => http.listen(0, resolve))
  const hashedToken = 'n4bQgYhMfWWaL+qgxVrQFaO/TxsrC4Is0V1sFbDwCgg='
  const user = { _id: 'anna', services: { resume: { loginTokens: [{ hashedToken, when: new Date() }] } } }
  const db = { collection: () => ({ findOne: async (filter: Record<string, unknown>) => (Object.values(filter)[0] === hashedToken ? user : null) }) }
  const { ddp } = evaluate(samples[1] ?? '', { createDDPServer, resumeLogin, db, http })
  const client = await RawClient.connect((http.address() as AddressInfo).port)
  expect(await client.call('login', { resume: 'test' })).toMatchObject({ result: { id: 'anna' } })
  expect(await client.call('whoAmI')).toMatchObject({ result: 'anna' })
  client.tcp.destroy()
  await ddp.close()
  http.close()
})
