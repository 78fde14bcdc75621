import { afterEach, beforeEach, expect, it } from 'vitest'
import { InstanceStatus } from '@ddp-cluster/instance-status'
import { Fleet, linked, until } from './fleet.js'

let fleet: Fleet
beforeEach(async () => {
  fleet = await Fleet.open()
})
afterEach(() => fleet.close())

it('registers, logs who comes and goes, and unregisters, as Meteor\'s did', async () => {
  const { server, port } = await fleet.listen()
  const status = new InstanceStatus({ db: fleet.db, server })
  const lines: string[] = []
  status.activeLogs((line) => lines.push(line))
  const id = status.id()
  expect(status.cluster).toBeUndefined()
  const cluster = fleet.track(await status.registerInstance('test', { host: 'localhost', port: String(port), nodeVersion: 'x' }))
  expect(cluster.id).toBe(id)
  expect(status.id()).toBe(id)
  expect(status.cluster).toBe(cluster)
  const record = await fleet.db.collection('instances').findOne({ name: 'test' })
  expect(record).toMatchObject({ _id: id, extraInformation: { host: 'localhost', port: String(port), nodeVersion: 'x' }, pid: process.pid })
  await expect(status.registerInstance('test')).rejects.toMatchObject({ code: 'already-registered' })

  const other = await fleet.join()
  await linked([cluster, other])
  await other.close()
  await until(() => lines.length === 3, 2000, () => lines)
  expect(lines).toEqual([
    `instance registered: ${id} localhost:${port}`,
    `instance active: ${other.id} localhost:${other.address.port}`,
    `instance gone (closed): ${other.id} localhost:${other.address.port}`,
  ])

  expect(await status.unregisterInstance()).toBe(true)
  expect(await status.unregisterInstance()).toBe(false)
  expect(await fleet.db.collection('instances').countDocuments()).toBe(0)
  expect(status.id()).not.toBe(id)
  fleet.track(await status.registerInstance('test', { port }))
  expect(await fleet.db.collection('instances').countDocuments()).toBe(1)
})

it('says what is wrong, and can be tried again', async () => {
  const { server, port } = await fleet.listen()
  const status = new InstanceStatus({ db: fleet.db, server, address: { port } })
  await expect(status.registerInstance('')).rejects.toMatchObject({ code: 'invalid-option' })
  fleet.track(await status.registerInstance('test'))
})

it('goes on when the log throws', async () => {
  const { server, port } = await fleet.listen()
  const status = new InstanceStatus({ db: fleet.db, server, address: { port } })
  status.activeLogs(() => {
    throw new Error('the disk is full')
  })
  const cluster = fleet.track(await status.registerInstance('test'))
  expect(status.cluster).toBe(cluster)
  expect(await status.unregisterInstance()).toBe(true)
})
