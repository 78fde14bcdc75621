import { createHash } from 'node:crypto'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { resumeLogin } from '@ddp-cluster/ddp-server'
import type { Cluster } from '@ddp-cluster/instance-status'
import { instancesApi, instancesPath } from '@ddp-cluster/instances-api'
import { Fleet } from '../cluster/fleet.js'
import { RawClient, startServer, type TestServer } from '../conformance/server-harness.js'
import { addUsers, token } from '../http/users.js'

/** Guessing at tokens, and having MongoDB do it. */

let fleet: Fleet
let cluster: Cluster
let server: TestServer
let url: string
beforeAll(async () => {
  fleet = await Fleet.open()
  await addUsers(fleet.db)
  const { server: http, port } = await fleet.listen()
  cluster = await fleet.join({ server: http, address: { host: 'localhost', port } })
  const api = instancesApi({ cluster })
  http.on('request', (request, response) => void api(request, response))
  url = `http://127.0.0.1:${port}${instancesPath}`
  server = await startServer({ login: resumeLogin(fleet.db.collection('users')) })
})
afterAll(async () => {
  await server[Symbol.asyncDispose]()
  await fleet.close()
})

it('the sixth login of a connection within ten seconds is not looked at, also with the right token', async () => {
  const client = await RawClient.connect(server.port)
  for (let count = 0; count < 5; count += 1) expect(await client.call('login', { resume: `guess ${count}` })).toMatchObject({ error: { error: 403 } })
  expect(await client.call('login', { resume: token })).toMatchObject({ error: { error: 'too-many-requests' } })
  client.tcp.destroy()
})

it.each<[string, unknown]>([['an operator of MongoDB', { $ne: null }], ['a list', [token]], ['a regular expression', { $regexp: '.*', $flags: '' }], ['nothing', null], ['an empty text', '']])('%s is no token', async (_, shown) => {
  const client = await RawClient.connect(server.port)
  expect(await client.call('login', { resume: shown })).toMatchObject({ error: { error: shown === '' ? 403 : 400 } })
  client.tcp.destroy()
  const peer = await RawClient.connect(Number(cluster.address.port))
  for (const credentials of [{ authToken: shown, userId: 'admin' }, { authToken: token, userId: shown }]) expect(await peer.call('instances/get', credentials)).toMatchObject({ error: { error: 401 } })
  peer.tcp.destroy()
})

it('a token that has grown too old is refused by the login, and still taken by the HTTP API, which SECURITY.md says', async () => {
  const old = 'a token of long ago'
  const hashedToken = createHash('sha256').update(old).digest('base64')
  await fleet.db.collection<{ _id: string }>('users').insertOne({ _id: 'old', roles: ['admin'], services: { resume: { loginTokens: [{ when: new Date(0), hashedToken }] } } } as never)
  const client = await RawClient.connect(server.port)
  expect(await client.call('login', { resume: old })).toMatchObject({ error: { error: 403 } })
  client.tcp.destroy()
  expect((await fetch(url, { headers: { 'X-Auth-Token': old, 'X-User-Id': 'old' } })).status).toBe(200)
})

it.skipIf(process.env['MONGO_URL'])('logins of many connections take at most eight connections to MongoDB while it does not answer, and requests one more', async () => {
  const admin = fleet.db.admin()
  await admin.command({ configureFailPoint: 'failCommand', mode: 'alwaysOn', data: { failCommands: ['find'], blockConnection: true, blockTimeMS: 1000 } })
  let [underWay, most] = [0, 0]
  const begun = ({ commandName }: { commandName: string }): void => void (commandName === 'find' && (most = Math.max(most, (underWay += 1))))
  const ended = ({ commandName }: { commandName: string }): void => void (commandName === 'find' && (underWay -= 1))
  fleet.client.on('commandStarted', begun).on('commandSucceeded', ended).on('commandFailed', ended)
  const clients = await Promise.all(Array.from({ length: 20 }, () => RawClient.connect(server.port)))
  const answers = clients.map((client, number) => client.call('login', { resume: `guess ${number}` }))
  const request = fetch(url, { headers: { 'X-Auth-Token': 'guess', 'X-User-Id': 'nobody' } })
  // Its own lookup is not answered in time; a login in front of it would have kept it waiting just as long.
  expect((await request).status).toBe(503)
  await admin.command({ configureFailPoint: 'failCommand', mode: 'off' })
  for (const answer of answers) expect(await answer).toMatchObject({ error: { error: 403 } })
  expect(most).toBeGreaterThan(1)
  expect(most).toBeLessThanOrEqual(9)
  fleet.client.off('commandStarted', begun).off('commandSucceeded', ended).off('commandFailed', ended)
  for (const client of clients) client.tcp.destroy()
})
