import { spawn } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { expect, it } from 'vitest'
import { Fleet, linked } from './fleet.js'

it('close() leaves no timer, socket or listener that would keep a process alive', async () => {
  const file = fileURLToPath(new URL('leaves-nothing.ts', import.meta.url))
  const child = spawn(process.execPath, ['--import', 'tsx', '--conditions=@ddp-cluster/source', file], { stdio: ['ignore', 'inherit', 'inherit'], timeout: 10_000 })
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
