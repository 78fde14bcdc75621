import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { randomId } from '@ddp-cluster/ddp-common'
import { MongoClient } from 'mongodb'
import { openMongo, type Mongo } from '../examples/cluster/mongo.js'
import { until } from './cluster/fleet.js'
import { shapeOf } from './cluster/shape.js'
import { RawClient } from './conformance/server-harness.js'
import { addUsers, token } from './http/users.js'

const root = fileURLToPath(new URL('..', import.meta.url))
const readme = readFileSync(join(root, 'README.md'), 'utf8')
const blocks = (language: string): string[] => [...readme.matchAll(new RegExp(`^\`\`\`${language}\n(.*?)^\`\`\``, 'gms'))].map((match) => match[1] ?? '')

let folder: string
let mongo: Mongo
let url: string
const processes: ChildProcess[] = []

beforeEach(async () => {
  // Beside the tests, where the packages and the frameworks resolve as they do for a user who installed them.
  folder = mkdtempSync(join(root, 'tests', '.readme-'))
  mongo = await openMongo(process.env['MONGO_URL'])
  const parsed = new URL(mongo.url)
  parsed.pathname = `/ddp_cluster_readme_${randomId(8)}`
  url = parsed.href
})
afterEach(async () => {
  await Promise.all(processes.splice(0).map(async (child) => {
    if (child.exitCode !== null || child.signalCode !== null) return
    child.kill('SIGTERM')
    await once(child, 'exit')
  }))
  const client = await new MongoClient(url).connect()
  await client.db().dropDatabase()
  await client.close()
  await mongo.close()
  rmSync(folder, { recursive: true })
})

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  server.close()
  await once(server, 'close')
  return port
}

interface Output {
  text: string
}

async function run(file: string): Promise<Output & { port: number; type: (text: string) => void }> {
  const port = await freePort()
  const env = { ...process.env, MONGO_URL: url, PORT: String(port), INSTANCE_IP: '127.0.0.1' }
  const child = spawn(process.execPath, ['--import', 'tsx', '--conditions=@ddp-cluster/source', file], { env, stdio: ['pipe', 'pipe', 'inherit'] })
  processes.push(child)
  const output = { text: '', port, type: (text: string) => void child.stdin.write(`${text}\n`) }
  child.stdout.setEncoding('utf8').on('data', (text: string) => (output.text += text))
  return output
}

async function linkedAt(port: number): Promise<boolean> {
  const answer = await fetch(`http://127.0.0.1:${port}/ready`).catch(() => undefined)
  return answer?.status === 200 && (await answer.text()).includes('"connected":1')
}

describe('the README', () => {
  it('has code that makes two processes a cluster', async () => {
    const [sample = ''] = blocks('js')
    const file = join(folder, 'server.mjs')
    writeFileSync(file, sample)
    const [first, second] = await Promise.all([run(file), run(file)])
    for (const output of [first, second]) {
      await until(() => /^\w+ joined$/m.test(output.text), 10_000, () => output)
    }
    // A listener is known to the other instance a moment after it joined.
    const said = (output: Output): string[] => (output.text.match(/^\w+ says: .*$/gm) ?? []).map((line) => line.replace(/^\w+ /, ''))
    await until(() => {
      first.type('hello')
      return said(second).includes('says: hello')
    }, 10_000, () => [first, second])
    second.type('hello yourself')
    await until(() => said(first).includes('says: hello yourself') && said(second).includes('says: hello yourself'), 10_000, () => [first, second])
    expect((await fetch(`http://127.0.0.1:${first.port}/api/v1/instances.get`)).status).toBe(401)
    // It leaves, and ends by the signal.
    const [child] = processes
    child?.kill('SIGTERM')
    expect(child && (await once(child, 'exit'))).toEqual([null, 'SIGTERM'])
    await until(() => / left: closed$/m.test(second.text), 2000, () => second)
  })

  it('has code that asks, takes turns and cleans up', async () => {
    const file = join(folder, 'server.mjs')
    writeFileSync(file, blocks('js').slice(0, 2).join('\n'))
    const first = await run(file)
    await until(() => /^\w+: fulfilled, up for [\d.]+ s$/m.test(first.text) && /^\w+ writes the reports, with token 1$/m.test(first.text), 10_000, () => first)
    const second = await run(file)
    await until(() => (second.text.match(/^\w+: fulfilled/gm) ?? []).length === 2, 10_000, () => second)
    const [child] = processes
    child?.kill('SIGTERM')
    await until(() => / writes the reports, with token 2$/m.test(second.text) && / is cleaned up after$/m.test(second.text), 10_000, () => second)
  })

  it.each([['Express', 2], ['Fastify', 3], ['Hono', 4]])('has a whole program for %s', async (_, index) => {
    const file = join(folder, 'server.mjs')
    writeFileSync(file, blocks('js')[index] ?? '')
    const [first, second] = await Promise.all([run(file), run(file)])
    for (const { port } of [first, second]) {
      await until(() => linkedAt(port), 20_000, () => [first, second])
      expect(await (await fetch(`http://127.0.0.1:${port}/`)).text()).toBe('Hello')
      expect((await fetch(`http://127.0.0.1:${port}/api/v1/instances.get`)).status).toBe(401)
    }
    const [child] = processes
    child?.kill('SIGTERM')
    expect(child && (await once(child, 'exit'))).toEqual([null, 'SIGTERM'])
  })

  it('has a program whose clients log in, read a stream and write to it', async () => {
    const file = join(folder, 'server.mjs')
    writeFileSync(file, blocks('js')[5] ?? '')
    const database = await new MongoClient(url).connect()
    await addUsers(database.db())
    await database.close()
    const [first, second] = await Promise.all([run(file), run(file)])
    for (const { port } of [first, second]) await until(() => linkedAt(port), 20_000, () => [first, second])
    const [writer, reader] = await Promise.all([first, second].map(({ port }) => RawClient.connect(port)))
    if (!writer || !reader) throw new Error('there are two clients')
    reader.send({ msg: 'sub', id: 's', name: 'stream-room', params: ['message', false] })
    await reader.next('ready')
    expect(await writer.call('login', { resume: token })).toMatchObject({ result: { id: 'admin' } })
    expect(await writer.call('whoAmI')).toMatchObject({ result: 'admin' })
    await until(async () => {
      await writer.call('stream-room', 'message', 'hello')
      return reader.inbox.some(({ msg }) => msg === 'changed')
    }, 10_000, () => reader.inbox)
    expect(await reader.next('changed')).toMatchObject({ collection: 'stream-room', fields: { args: ['hello'] } })
    for (const { tcp } of [writer, reader]) tcp.destroy()
  })

  it('shows the same programs as the README of the API', () => {
    const ofTheApi = readFileSync(join(root, 'packages/instances-api/README.md'), 'utf8')
    for (const program of blocks('js').slice(2, 5)) expect(ofTheApi).toContain(program)
    const [main = ''] = blocks('js')
    expect(ofTheApi).toContain(main.slice(0, main.indexOf('\n\ncluster.on')))
    expect(readFileSync(join(root, 'packages/instance-status/README.md'), 'utf8')).toContain(blocks('js')[5])
  })

  it('shows an answer of the documented shape', () => {
    const [answer = ''] = blocks('json')
    const documented = readFileSync(new URL('cluster/fixtures/instances.get.two-instances.json', import.meta.url), 'utf8')
    const expected = JSON.parse(documented) as { instances: { connections: unknown[] } }
    expected.instances.connections.length = 1
    expect(shapeOf(JSON.parse(answer))).toEqual(shapeOf(expected))
  })

  it('names the two commands, and they are there', () => {
    expect(blocks('sh').map((block) => block.trim())).toEqual(['npm start', 'npm test'])
    const { scripts } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { scripts: Record<string, string> }
    expect(Object.keys(scripts)).toEqual(expect.arrayContaining(['start', 'test']))
  })
})
