import { afterAll, afterEach, beforeAll, expect, it } from 'vitest'
import { randomId } from '@ddp-cluster/ddp-common'
import { resumeLogin } from '@ddp-cluster/ddp-server'
import type { Cluster } from '@ddp-cluster/instance-status'
import { instancesApi, instancesPath } from '@ddp-cluster/instances-api'
import { Fleet, until } from '../cluster/fleet.js'
import { RawPeer } from '../cluster/raw-peer.js'
import { RawClient, startServer } from '../conformance/server-harness.js'
import { addUsers, user } from '../http/users.js'

/** Names that every object has are names like any other, wherever they come from, and none of them reaches a prototype. */

const names = ['__proto__', 'constructor', 'prototype', 'toString', 'hasOwnProperty', '__defineGetter__']
const poison = '{"__proto__":{"polluted":1},"constructor":{"prototype":{"polluted":1}}}'
const secret = 'the secret that the whole cluster has'

let fleet: Fleet
let cluster: Cluster
let url: string
beforeAll(async () => {
  fleet = await Fleet.open()
  await addUsers(fleet.db)
  const { server, port } = await fleet.listen()
  cluster = await fleet.join({ server, address: { host: 'localhost', port }, secret })
  const api = instancesApi({ cluster })
  server.on('request', (request, response) => void api(request, response))
  url = `http://127.0.0.1:${port}`
})
afterAll(() => fleet.close())
afterEach(() => {
  expect(({} as { polluted?: unknown }).polluted).toBeUndefined()
  expect(Object.keys(Object.prototype)).toEqual([])
})

it('a DDP client gets 404 for such names, its ids are ids, and what it sends stays what it is', async () => {
  await using server = await startServer({ login: resumeLogin(fleet.db.collection('users')) })
  const seen: unknown[] = []
  server.ddp.method('take', (value) => void seen.push(value))
  server.ddp.publish('documents', function () {
    for (const name of names) this.added(name, name, { [name]: 1 })
    this.ready()
  })
  const client = await RawClient.connect(server.port)
  for (const name of names) {
    expect(await client.call(name)).toMatchObject({ error: { error: 404 } })
    client.send({ msg: 'sub', id: name, name })
    expect(await client.next('nosub')).toMatchObject({ id: name, error: { error: 404 } })
    client.send({ msg: 'sub', id: name, name: 'documents' })
    expect(await client.next('ready')).toMatchObject({ subs: [name] })
    client.send({ msg: name })
    expect(await client.next('error')).toHaveProperty('reason')
  }
  client.sendText(`{"msg":"method","id":"1","method":"take","params":[${poison}]}`)
  await client.next('result')
  expect(Object.hasOwn(seen[0] as object, '__proto__')).toBe(true)
  client.sendText(`{"msg":"method","id":"2","method":"login","params":[{"__proto__":{"resume":"x"}}]}`)
  expect(await client.next('result')).toMatchObject({ error: { error: 400 } })
  client.tcp.destroy()
})

it('a peer offers and asks under such names, and calls nothing by them', async () => {
  const heard: unknown[] = []
  const peer = await RawPeer.prove(cluster, { secret })
  await peer.subscribe({ streams: names })
  for (const name of names) {
    const stream = cluster.stream(name)
    stream.on(name, (value) => void heard.push(value))
    stream.emit(name, JSON.parse(poison))
    await expect(peer.connection.call('cluster.call', [name, [JSON.parse(poison)]])).rejects.toMatchObject({ error: 404 })
  }
  expect(heard).toHaveLength(names.length)
  await until(() => peer.heard().length === names.length, 5000, () => peer.heard())
  peer.connection.close()
})

it('headers, paths and records with such names change nothing', async () => {
  const { insertedId } = await fleet.db.collection('instances').insertOne({ ...cluster.self.record, _id: randomId(), extraInformation: { host: 'h', port: '1', ...(JSON.parse(poison) as object) } } as never)
  for (const name of names) {
    expect((await fetch(`${url}/${name}`)).status).toBe(404)
    expect((await fetch(`${url}${instancesPath}?${name}[polluted]=1`, { headers: { ...user, [name]: 'polluted' } })).status).toBe(200)
    expect((await fetch(url + instancesPath, { headers: { ...user, 'X-User-Id': name } })).status).toBe(401)
  }
  await cluster.records({ maxAgeMs: 0 })
  await fleet.db.collection('instances').deleteOne({ _id: insertedId })
})
