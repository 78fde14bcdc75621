import { readFileSync } from 'node:fs'
import type { AddressInfo } from 'node:net'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { WebSocketServer } from 'ws'

/** The sample without its first line, which is for the linter. */
const sample = (name: string): string => readFileSync(new URL(`client-readme/${name}.ts`, import.meta.url), 'utf8').split('\n').slice(1).join('\n')
const readme = (name: string): string => readFileSync(new URL(`../../packages/${name}/README.md`, import.meta.url), 'utf8')

/** What a sample printed. */
async function printedBy(run: () => Promise<unknown>): Promise<unknown[][]> {
  const printed: unknown[][] = []
  const spy = vi.spyOn(console, 'log').mockImplementation((...words: unknown[]) => void printed.push(words))
  await run().finally(() => spy.mockRestore())
  return printed
}

describe('the samples in the READMEs', () => {
  let server: WebSocketServer | undefined

  afterEach(async () => {
    delete process.env.DDP_URL
    await new Promise((resolve) => (server ? server.close(resolve) : resolve(undefined)))
  })

  it('of ddp-client: does what it says', async () => {
    expect(readme('ddp-client')).toContain(sample('client'))
    server = new WebSocketServer({ port: 0, host: '127.0.0.1' })
    server.on('connection', (socket) => socket.on('message', (data) => {
      const { msg, id, method } = JSON.parse((data as Buffer).toString()) as { msg: string; id: string; method?: string }
      const say = (...messages: object[]): void => { for (const message of messages) socket.send(JSON.stringify(message)) }
      if (msg === 'connect') say({ msg: 'connected', session: 's' })
      if (msg === 'sub') say({ msg: 'added', collection: 'rooms', id: 'a', fields: { name: 'A' } }, { msg: 'changed', collection: 'rooms', id: 'a', fields: { name: 'B' } }, { msg: 'ready', subs: [id] })
      if (msg === 'method') say({ msg: 'result', id, result: method === 'login' ? { id: 'me' } : 3 }, { msg: 'updated', methods: [id] })
    }))
    await new Promise((resolve) => server?.once('listening', resolve))
    process.env.DDP_URL = `ws://127.0.0.1:${(server.address() as AddressInfo).port}/websocket`
    expect(await printedBy(() => import('./client-readme/client.js'))).toEqual([['connected'], ['me'], ['a', 'is now', 'B'], ['a', 'B'], [3], ['offline']])
  })

  it('of ddp-client, for a login that is pending: does what it says', async () => {
    expect(readme('ddp-client')).toContain(sample('login'))
    const refused = { error: 'too-many-requests', reason: 'Wait a moment', details: { timeToReset: 150 }, errorType: 'Meteor.Error' }
    const answers = [{ result: { id: 'me', token: 't' } }, { error: refused }, { result: { id: 'me', token: 't' } }]
    let works = 0
    server = new WebSocketServer({ port: 0, host: '127.0.0.1' })
    server.on('connection', (socket) => socket.on('message', (data) => {
      const { msg, id, method } = JSON.parse((data as Buffer).toString()) as { msg: string; id: string; method?: string }
      const say = (...messages: object[]): void => { for (const message of messages) socket.send(JSON.stringify(message)) }
      if (msg === 'connect') say({ msg: 'connected', session: String(Math.random()) })
      if (method === 'login') say({ msg: 'updated', methods: [id] }, { msg: 'result', id, ...answers.shift() })
      if (method !== 'work') return
      works += 1
      if (works === 1) socket.terminate()
      else say({ msg: 'updated', methods: [id] }, { msg: 'result', id, result: 'done' })
    }))
    await new Promise((resolve) => server?.once('listening', resolve))
    process.env.DDP_URL = `ws://127.0.0.1:${(server.address() as AddressInfo).port}/websocket`
    expect(await printedBy(() => import('./client-readme/login.js'))).toEqual([
      ['logged in:', 'me'], ['me', 'waits until', expect.any(Date), 'because of', 'Wait a moment [too-many-requests]'], ['logged in:', 'me'], ['done'],
    ])
  })

  it('of ddp-common: prints what its comments say', async () => {
    expect(readme('ddp-common')).toContain(sample('ejson'))
    const expected = [...sample('ejson').matchAll(/console\.log\(.*\/\/ (.*)$/gm)].map((match) => match[1])
    expect((await printedBy(() => import('./client-readme/ejson.js'))).map((words) => words.map(String).join(' '))).toEqual(expected)
  })
})
