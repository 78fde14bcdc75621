import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { WebSocket, WebSocketServer } from 'ws'
import type { AddressInfo } from 'node:net'
// The build for browsers, which Node itself never chooses.
import * as browserBuild from '../../packages/ddp-client/src/index.browser.js'
import * as nodeBuild from '../../packages/ddp-client/src/index.js'

const root = new URL('../../packages/', import.meta.url)

/** What a file and all that it imports import from elsewhere, types left out: they are not there when it runs. */
function externalImports(file: URL, seen = new Set<string>()): Map<string, string> {
  const found = new Map<string, string>()
  if (seen.has(file.href)) return found
  seen.add(file.href)
  const text = readFileSync(file, 'utf8')
  if (/\b(?:Buffer|process|require)\b/.test(text.replaceAll(/\/\*[\s\S]*?\*\/|\/\/.*$/gm, ''))) found.set('a global of Node', fileURLToPath(file))
  for (const [, clause = '', specifier = ''] of text.matchAll(/^(?:import|export)\s+([^'"]*?)\s*from\s+'([^']+)'/gm)) {
    if (clause.startsWith('type ')) continue
    const inner = specifier.startsWith('.') ? new URL(specifier.replace(/\.js$/, '.ts'), file) : undefined
    const sibling = /^@ddp-cluster\/ddp-common(\/internal)?$/.exec(specifier)
    if (inner) for (const entry of externalImports(inner, seen)) found.set(...entry)
    else if (sibling) for (const entry of externalImports(new URL(`ddp-common/src/${sibling[1] ? 'internal' : 'index'}.ts`, root), seen)) found.set(...entry)
    else found.set(specifier, fileURLToPath(file))
  }
  return found
}

describe('the build for browsers', () => {
  it('has the same names', () => {
    expect(Object.keys(browserBuild).toSorted()).toEqual(Object.keys(nodeBuild).toSorted())
  })

  it('is what the browser condition chooses, first of all', () => {
    const { exports } = JSON.parse(readFileSync(new URL('ddp-client/package.json', root), 'utf8')) as { exports: { '.': Record<string, { default: string }> } }
    expect(Object.keys(exports['.'])[0]).toBe('browser')
    expect(exports['.'].browser?.default).toBe('./dist/index.browser.js')
  })

  it('needs no ws, nothing of Node, and eventemitter3 alone', () => {
    expect([...externalImports(new URL('ddp-client/src/index.browser.ts', root))].map(([specifier]) => specifier)).toEqual(['eventemitter3'])
    expect([...externalImports(new URL('ddp-client/src/index.ts', root)).keys()]).toContain('ws')
  })
})

describe('on the WebSocket of the platform', () => {
  let server: WebSocketServer
  const platform = globalThis as { WebSocket?: unknown }
  const own = platform.WebSocket

  beforeEach(async () => {
    platform.WebSocket = WebSocket
    server = new WebSocketServer({ port: 0, host: '127.0.0.1' })
    server.on('connection', (socket) => socket.on('message', (data) => {
      const { msg, id, method } = JSON.parse((data as Buffer).toString()) as { msg: string; id: string; method: string }
      if (msg === 'connect') socket.send(`{"msg":"connected","session":"${Math.random()}"}`)
      if (method === 'drop') socket.terminate()
      if (method === 'binary') socket.send(Buffer.from('{}'))
      if (method === 'hello') socket.send(`{"msg":"updated","methods":["${id}"]}`)
      if (method === 'hello') socket.send(`{"msg":"result","id":"${id}","result":{"$date":5}}`)
    }))
    await new Promise((resolve) => server.once('listening', resolve))
  })
  afterEach(async () => {
    platform.WebSocket = own
    for (const socket of server.clients) socket.terminate()
    await new Promise((resolve) => server.close(resolve))
  })

  it('connects, calls, comes back, and closes', async () => {
    const client = browserBuild.connect({ url: `ws://127.0.0.1:${(server.address() as AddressInfo).port}/` })
    const reasons: string[] = []
    client.on('statusChanged', (status) => { if (status.status === 'waiting') reasons.push(status.reason) })
    expect(await client.call('hello')).toEqual(new Date(5))
    await expect(client.apply('drop', [], { noRetry: true })).rejects.toMatchObject({ error: 'invocation-failed' })
    await expect(client.apply('binary', [], { noRetry: true })).rejects.toMatchObject({ error: 'invocation-failed' })
    client.reconnect()
    expect(await client.call('hello')).toEqual(new Date(5))
    expect(reasons).toEqual([expect.stringContaining('without a close frame'), expect.stringContaining('binary')])
    await client.close()
    expect(server.clients.size).toBe(0)
  })

  it('waits where there is no server, and where there is no address', async () => {
    for (const url of ['ws://127.0.0.1:1/', 'no address']) {
      const client = browserBuild.connect({ url })
      await new Promise((resolve) => client.once('statusChanged', resolve))
      expect(client.status().status).toBe('waiting')
      await client.close()
    }
  })
})
