import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { startServer, type TestServer } from '../conformance/server-harness.js'
import { noBrowser, openPage, type TestPage } from './page.js'

interface SockJSSocket {
  readonly transport: string
  send(text: string): void
  close(code: number, reason: string): void
  onopen: () => void
  onmessage: (event: { data: string }) => void
  onclose: (event: { code: number; reason: string; wasClean: boolean }) => void
}

// In the page; functions that are handed to it can use nothing else of this file.
declare const SockJS: new (url: string) => SockJSSocket
declare const socket: SockJSSocket
declare const log: string[]

const script = readFileSync(createRequire(import.meta.url).resolve('sockjs-client/dist/sockjs.js'), 'utf8')

describe.skipIf(noBrowser !== undefined)(`sockjs-client, on which Meteor's own client stands, in a real browser${noBrowser === undefined ? '' : ` (${noBrowser})`}`, () => {
  let tab: TestPage
  let server: TestServer
  const pageLog = (): Promise<string[]> => tab.page.evaluate(() => log)
  const soon = { timeout: 10_000 }

  beforeAll(async () => {
    server = await startServer()
    server.ddp.method('greet', (name) => `Hello, ${String(name)} \u{1F600}`)
    tab = await openPage(script)
  }, 60_000)
  afterAll(async () => {
    await tab.close()
    await server[Symbol.asyncDispose]()
    expect(tab.complaints).toEqual([])
  })
  beforeEach(async () => {
    await tab.page.evaluate(async (to) => {
      Object.assign(globalThis, { socket: new SockJS(to), log: [] })
      await new Promise<void>((resolve) => { socket.onopen = resolve })
      socket.onmessage = ({ data }) => log.push(data)
      socket.onclose = ({ code, reason, wasClean }) => log.push(`closed: ${code} ${reason} ${wasClean}`)
      socket.send('{"msg":"connect","version":"1","support":["1"]}')
    }, `http://localhost:${server.port}/sockjs`)
    await expect.poll(async () => (await pageLog())[0], soon).toMatch(/^\{"msg":"connected","session":"\w{17}"\}$/)
  })

  it('chooses WebSockets, and its messages arrive', async () => {
    expect(await tab.page.evaluate(() => socket.transport)).toBe('websocket')
    await tab.page.evaluate(() => {
      socket.send('{"msg":"method","method":"greet","params":["Zoë"],"id":"1"}')
      socket.send('{"msg":"ping","id":"p"}')
    })
    await expect.poll(async () => (await pageLog()).slice(1).toSorted(), soon)
      .toEqual(['{"msg":"pong","id":"p"}', '{"msg":"result","id":"1","result":"Hello, Zoë \u{1F600}"}', '{"msg":"updated","methods":["1"]}'])
    await tab.page.evaluate(() => {
      // Without it the server would wait for the client to come back.
      socket.send('{"msg":"disconnect"}')
      socket.close(1000, 'done')
    })
    await expect.poll(() => server.ddp.sessions, soon).toBe(0)
  })

  it('hears why the server closes', async () => {
    await server.ddp.close()
    await expect.poll(async () => (await pageLog()).at(-1), soon).toBe('closed: 1001 the server closes true')
  })
})
