import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { startEmbeddedMongo } from '@ddp-cluster/embedded-mongo'
import { MongoClient } from 'mongodb'
import { expect, test } from 'vitest'
import type { ChildProcessByStdio } from 'node:child_process'
import type { Readable } from 'node:stream'

// The command `embedded-mongo`, as a process of its own.
const bin = fileURLToPath(new URL('../../packages/embedded-mongo/src/bin.ts', import.meta.url))

const start = (...args: string[]): ChildProcessByStdio<null, Readable, Readable> =>
  spawn(process.execPath, ['--import', 'tsx', bin, ...args], { stdio: ['ignore', 'pipe', 'pipe'] })

const run = async (...args: string[]): Promise<{ code: number | null, stdout: string, stderr: string }> => {
  const child = start(...args)
  const ended = once(child, 'close') as Promise<[number | null]>
  const [stdout, stderr] = await Promise.all([text(child.stdout), text(child.stderr)])
  return { code: (await ended)[0], stdout, stderr }
}

const text = async (stream: Readable): Promise<string> => {
  let all = ''
  for await (const chunk of stream.setEncoding('utf8')) all += String(chunk)
  return all
}

test('starts a server, says what it is for, and ends on a signal', async () => {
  const child = start('--port', '0')
  let output = ''
  child.stdout.setEncoding('utf8')
  while (!output.includes('mongodb://')) output += String((await once(child.stdout, 'data'))[0])
  expect(output).toContain('not for production')
  const client = await new MongoClient(/mongodb:\S+/.exec(output)?.[0] ?? '').connect()
  expect(await client.db('admin').command({ ping: 1 })).toMatchObject({ ok: 1 })
  await client.close()
  child.kill('SIGTERM')
  expect(await once(child, 'exit')).toEqual([0, null])
})

test('tells what it takes, and refuses what it does not, with how it is used', async () => {
  const help = await run('--help')
  expect(help).toMatchObject({ code: 0, stderr: '' })
  for (const option of ['--port', '--host', '--replica-set', '--standalone']) expect(help.stdout).toContain(option)
  for (const [args, why] of [[['--nonsense'], '\'--nonsense\''], [['--port', 'abc'], 'not \'abc\''], [['--port', '70000'], '70000'], [['more'], '\'more\''],
    [['--standalone', '--replica-set', 'rs1'], 'one of the two'], [['--replica-set', 'a b'], 'replicaSet']] as const) {
    const { code, stdout, stderr } = await run(...args)
    expect([args, code, stdout], stderr).toEqual([args, 2, ''])
    expect(stderr).toMatch(/^embedded-mongo: /)
    expect(stderr).toContain(why)
  }
}, 60_000)

test('a taken port is said to be taken, and what to do', async () => {
  await using other = await startEmbeddedMongo()
  expect(await run('--port', String(other.port))).toEqual({
    code: 1, stdout: '', stderr: `embedded-mongo: port ${other.port} of 127.0.0.1 is taken: stop what listens there, or choose another by --port (0 takes a free one)\n`,
  })
})
