import { inspect } from 'node:util'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { connect } from '@ddp-cluster/ddp-client'
import { resumeLogin } from '@ddp-cluster/ddp-server'
import { joinCluster } from '@ddp-cluster/instance-status'
import { instancesApi } from '@ddp-cluster/instances-api'
import { WebSocket } from 'ws'
import { Fleet, linked, until } from '../cluster/fleet.js'
import { RawPeer } from '../cluster/raw-peer.js'
import { startServer } from '../conformance/server-harness.js'
import { addUsers, credentials, hashedToken, token } from '../http/users.js'

/** A whole life of a cluster with every level logged: a link, a stranger, a wrong secret, a rotation, a login, the secret that is made. */

const secret = 'the first secret, which everybody has at first'
const next = 'the second secret, to which all of them go over'
const foreign = 'the secret of somebody who came from elsewhere'

/** All that was logged, and all that instances said of themselves. */
const told: string[] = []
const note = (...what: unknown[]): void => void told.push(inspect(what, { depth: 20, maxStringLength: null, maxArrayLength: null }))
const logger = { trace: note, debug: note, info: note, warn: note, error: note }

/** Ids of clients' sessions, by which they are resumed. */
const sessions: string[] = []

/** What was on the wire of the handshakes, as the bytes that it stands for. */
const sent: Buffer[] = []

let fleet: Fleet
let made: string
beforeAll(async () => {
  const send = Reflect.get(WebSocket.prototype, 'send') as (...args: unknown[]) => void
  vi.spyOn(WebSocket.prototype, 'send').mockImplementation(function (this: WebSocket, ...args: unknown[]) {
    const [data] = args
    for (const [, , base64] of String(data).matchAll(/"(proofA|proofB|nonceA|nonceB)":\{"\$binary":"([^"]+)"/g)) sent.push(Buffer.from(base64 ?? '', 'base64'))
    Reflect.apply(send, this, args)
  })
  fleet = await Fleet.open()
  await addUsers(fleet.db)
  await live()
  const settings = await fleet.db.collection<{ _id: string; secret: string }>('instances_settings').findOne({ _id: 'secret:made' })
  made = settings?.secret ?? ''
}, 30_000)
afterAll(async () => {
  vi.restoreAllMocks()
  await fleet.close()
})

async function live(): Promise<void> {
  const [first, second] = await Promise.all([fleet.join({ secret, logger }), fleet.join({ secret: [next, secret], logger })])
  await linked([first, second], 15_000)
  // A rotation: who has the new one alone is let in by who takes both, and not by who has the old one alone.
  const third = await fleet.join({ secret: next, logger })
  await until(() => third.members().some(({ id, status }) => id === second.id && status === 'alive'), 15_000, () => third.members())
  await until(() => third.members().some(({ id, link }) => id === first.id && link?.currentStatus.status === 'failed'), 15_000, () => third.members())
  await RawPeer.prove(first, { secret: foreign }).catch(note)
  const peer = await RawPeer.prove(first, { secret })
  peer.connection.close()
  const stranger = await fleet.join({ secret: foreign, logger })
  await until(() => stranger.members().filter(({ link }) => link?.currentStatus.status === 'failed').length >= 2, 15_000, () => stranger.members())
  instancesApi({ cluster: first, logger })
  const client = connect({ url: first.address.url })
  for (const shown of [credentials, { ...credentials, authToken: 'a-token-that-is-wrong' }]) await client.call('instances/get', shown).then(note, note)
  await client.close()
  await using login = await startServer({ logger, login: resumeLogin(fleet.db.collection('users')) })
  login.ddp.method('crash', () => { throw new Error('a mistake of the application') })
  login.ddp.onConnection((connection) => {
    sessions.push(connection.id)
    connection.onClose(() => { throw new Error('another one') })
    throw new Error('a third one')
  })
  const user = connect({ url: `ws://127.0.0.1:${login.port}/websocket` })
  for (const resume of ['a-token-that-is-wrong', token]) await user.call('login', { resume }).catch(note)
  await user.call('crash').catch(note)
  await user.close()
  // As their secret is made by the first of them.
  const ofOneMade = await Promise.all([0, 1].map(async () => {
    const { server, port } = await fleet.listen()
    return fleet.track(await joinCluster({ db: fleet.db, name: 'made', server, address: { host: 'localhost', port }, logger }))
  }))
  await linked(ofOneMade, 15_000)
  for (const cluster of [first, second, third, stranger, ...ofOneMade]) {
    note(cluster.self, cluster.members(), cluster.statistics(), await cluster.records())
    // What somebody would see who logs the whole object.
    note(cluster)
    await cluster.close()
  }
}

describe('nothing that was logged, and nothing that an instance says of itself, holds', () => {
  it.each<[string, () => string[]]>([
    ['a secret', () => [secret, next, foreign, made]],
    ['a token', () => [token, hashedToken, 'a-token-that-is-wrong']],
    ['the id of a session that may be resumed', () => sessions],
    ['a proof or a nonce', () => sent.flatMap((bytes) => [bytes.toString('base64'), bytes.toString('hex'), [...bytes].join(',')])],
  ])('%s', (_, hidden) => {
    expect(told.length).toBeGreaterThan(40)
    expect(sent.length).toBeGreaterThan(40)
    const all = told.join('\n')
    const bare = all.replaceAll(/\s/g, '')
    for (const text of hidden()) {
      expect(text.length).toBeGreaterThan(16)
      expect(all.includes(text) || bare.includes(text.replaceAll(' ', ''))).toBe(false)
    }
  })
})
