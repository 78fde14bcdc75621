import { spawn } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { expect, it } from 'vitest'
import { systemClock } from '@ddp-cluster/ddp-common/internal'
import { joinCluster } from '@ddp-cluster/instance-status'
import { CutProxy } from './cut-proxy.js'
import { Fleet, linked, until } from './fleet.js'
import { RoughProxy } from './rough-proxy.js'

it('close() leaves no timer, socket or listener that would keep a process alive', async () => {
  const file = fileURLToPath(new URL('leaves-nothing.ts', import.meta.url))
  const child = spawn(process.execPath, ['--import', 'tsx', '--conditions=@ddp-cluster/source', file], { stdio: ['ignore', 'inherit', 'inherit'], timeout: 60_000 })
  expect(await new Promise((resolve) => child.once('close', (code, signal) => resolve(signal ?? code)))).toBe(0)
})

it('close() gives the application back its server as it was, and refuses what comes after', async () => {
  const fleet = await Fleet.open()
  const { server, port } = await fleet.listen()
  const before = server.eventNames().map((name) => [name, server.listenerCount(name)])
  const cluster = await fleet.join({ server, address: { host: 'localhost', port } })
  const other = await fleet.join()
  await linked([cluster, other])
  await cluster.close()
  await cluster.closed
  expect(server.eventNames().map((name) => [name, server.listenerCount(name)])).toEqual(before)
  expect(server.listening).toBe(true)
  expect(() => cluster.stream('room').emit('message')).toThrow(expect.objectContaining({ code: 'closed' }))
  await fleet.close()
})

it('close() takes no new work, says so, has everything heard, deletes the record, and only then says goodbye', async () => {
  const fleet = await Fleet.open()
  const [leaving, staying] = await Promise.all([fleet.join(), fleet.join()])
  await linked([leaving, staying])
  const happened: unknown[] = []
  const instances = fleet.db.collection<{ _id: string }>('instances')
  staying.stream('room').on('message', (number) => happened.push([number, staying.members().map(({ reason }) => reason)]))
  await staying.stream('room').ready()
  const gone = new Promise<void>((resolve) => {
    staying.on('memberLeft', ({ reason }) => {
      happened.push(reason)
      resolve()
    })
  })
  for (let number = 0; number < 1000; number += 1) leaving.stream('room').emit('message', number)
  const recordAtGoodbye = gone.then(() => instances.findOne({ _id: leaving.id }))
  const closing = leaving.close()
  expect(() => leaving.stream('room').emit('message')).toThrow(expect.objectContaining({ code: 'closed' }))
  await expect(leaving.call(staying.id, 'anything')).rejects.toMatchObject({ code: 'closed' })
  await closing
  await gone
  expect(happened).toEqual([...Array.from({ length: 1000 }, (_, number) => [number, ['leaving']]), 'closed'])
  expect(await recordAtGoodbye).toBeNull()
  await fleet.close()
})

it('close() names in the log who may not have heard everything, and who has not is told how much', async () => {
  const fleet = await Fleet.open()
  const { server, port } = await fleet.listen()
  const proxy = await CutProxy.before(port)
  const warned: unknown[] = []
  const logger = { debug: () => undefined, info: () => undefined, warn: (fields: object) => warned.push(fields), error: () => undefined }
  const [leaving, staying] = await Promise.all([fleet.join({ server, address: { host: '127.0.0.1', port: proxy.port }, logger }), fleet.join()])
  await linked([leaving, staying])
  staying.stream('room').on('message', () => undefined)
  await staying.stream('room').ready()
  const gaps: unknown[] = []
  staying.on('gap', (gap) => gaps.push(gap))
  proxy.hold()
  leaving.stream('room').emit('message')
  leaving.stream('other room').emit('message')
  await leaving.close()
  expect(warned).toContainEqual({ missed: [staying.id], upTo: 2 })
  await until(() => gaps.length > 0, 5000)
  expect(gaps).toEqual([{ from: leaving.id, after: 0, lost: 2, exact: false }])
  expect(staying.statistics().events.lost).toBe(2)
  proxy.close()
  await fleet.close()
}, 15_000)

it('what arrives after the goodbye, as at who was busy, is heard all the same', async () => {
  const fleet = await Fleet.open()
  const { server, port } = await fleet.listen()
  const proxy = await RoughProxy.before(port)
  const [leaving, staying] = await Promise.all([fleet.join({ server, address: { host: '127.0.0.1', port: proxy.port }, closeTimeoutMs: 1600 }), fleet.join()])
  await linked([leaving, staying])
  const told: unknown[] = []
  staying.stream<{ message: [n: number] }>('room').on('message', (n) => told.push(n))
  staying.on('gap', (gap) => told.push(gap))
  staying.on('memberLeft', ({ reason }) => told.push(reason))
  await staying.stream('room').ready()
  // Longer than who leaves waits for answers, shorter than its sockets live.
  proxy.delayMs = 450
  for (const n of [1, 2, 3]) leaving.stream('room').emit('message', n)
  await leaving.close()
  await until(() => told.length === 4, 5000)
  expect(told).toEqual(['closed', 1, 2, 3])
  proxy.close()
  await fleet.close()
}, 15_000)

it('close() leaves no timer either while MongoDB hangs and reads are asked for', async () => {
  const fleet = await Fleet.open()
  const pending = new Set<unknown>()
  const clock = {
    ...systemClock,
    setTimeout: (run: () => void, delayMs: number): unknown => {
      const handle = systemClock.setTimeout(() => {
        pending.delete(handle)
        run()
      }, delayMs)
      pending.add(handle)
      return handle
    },
    clearTimeout: (handle: unknown): void => {
      pending.delete(handle)
      systemClock.clearTimeout(handle)
    },
  }
  const cluster = await fleet.join({ clock, closeTimeoutMs: 1000 })
  const admin = fleet.db.admin()
  const commands = ['findAndModify', 'aggregate', 'find', 'delete', 'update']
  await admin.command({ configureFailPoint: 'failCommand', mode: 'alwaysOn', data: { failCommands: commands, blockConnection: true, blockTimeMS: 3000 } })
  const reads = [cluster.records({ maxAgeMs: 0 }), cluster.records({ maxAgeMs: 0 })].map((read) => read.catch((error: { code: string }) => error.code))
  const closing = performance.now()
  await cluster.close()
  expect(performance.now() - closing).toBeLessThan(1200)
  await Promise.all(reads)
  expect(pending.size).toBe(0)
  await admin.command({ configureFailPoint: 'failCommand', mode: 'off' })
  await fleet.close()
})

it('SIGTERM while it joins has an instance leave as well: no record stays', async () => {
  const fleet = await Fleet.open()
  const { server, port } = await fleet.listen()
  await fleet.db.admin().command({ configureFailPoint: 'failCommand', mode: 'alwaysOn', data: { failCommands: ['hello', 'ping', 'aggregate'], blockConnection: true, blockTimeMS: 300 } })
  const joining = joinCluster({ db: fleet.db, name: 'test', server, address: { host: 'localhost', port }, handleSignals: true })
  const instances = fleet.db.collection('instances')
  await until(async () => (await instances.countDocuments()) === 1 || process.listenerCount('SIGTERM') === 0, 5000)
  // As the signal would: nobody else may hear it here.
  const [ours] = process.listeners('SIGTERM')
  process.prependOnceListener('SIGUSR2', () => undefined)
  ours?.('SIGUSR2')
  await expect(joining).rejects.toMatchObject({ code: 'closed' })
  await fleet.db.admin().command({ configureFailPoint: 'failCommand', mode: 'off' })
  expect(await instances.countDocuments()).toBe(0)
  expect(process.listenerCount('SIGTERM')).toBe(0)
  await fleet.close()
})
