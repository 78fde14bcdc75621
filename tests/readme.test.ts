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

const root = fileURLToPath(new URL('..', import.meta.url))
const readme = readFileSync(join(root, 'README.md'), 'utf8')
const blocks = (language: string): string[] => [...readme.matchAll(new RegExp(`^\`\`\`${language}\n(.*?)^\`\`\``, 'gms'))].map((match) => match[1] ?? '')

let folder: string
let mongo: Mongo
let url: string
const processes: ChildProcess[] = []

beforeEach(async () => {
  // Beside the examples, where the packages resolve as they do for a user who installed them.
  folder = mkdtempSync(join(root, 'examples', '.readme-'))
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
    writeFileSync(file, blocks('js').join('\n'))
    const first = await run(file)
    await until(() => /^\w+: fulfilled, up for [\d.]+ s$/m.test(first.text) && /^\w+ writes the reports, with token 1$/m.test(first.text), 10_000, () => first)
    const second = await run(file)
    await until(() => (second.text.match(/^\w+: fulfilled/gm) ?? []).length === 2, 10_000, () => second)
    const [child] = processes
    child?.kill('SIGTERM')
    await until(() => / writes the reports, with token 2$/m.test(second.text) && / is cleaned up after$/m.test(second.text), 10_000, () => second)
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
