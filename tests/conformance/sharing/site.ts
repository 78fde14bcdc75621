import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { createServer, type Server as HttpServer } from 'node:http'
import { createServer as createTlsServer, type Server as HttpsServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import WebSocket from 'ws'

/** Address of a test's server. */
export interface Site {
  /** `http://` or `https://`, and the port. */
  readonly origin: string
  readonly port: number
}

export interface OpenSite extends Site, AsyncDisposable {
  readonly server: HttpServer | HttpsServer
}

const pem = (name: string): string => readFileSync(new URL(`../client-fixtures/localhost.${name}.pem`, import.meta.url), 'utf8')
export const tlsOptions = { key: pem('key'), cert: pem('cert') }

/** An HTTP server on a free port of this machine whose application answers with the method, the path and the body that it was sent. */
export async function openSite(kind: 'plain' | 'TLS'): Promise<OpenSite> {
  const server = kind === 'TLS' ? createTlsServer(tlsOptions) : createServer()
  server.on('request', (request, response) => {
    const chunks: Buffer[] = []
    request.on('data', (chunk: Buffer) => chunks.push(chunk))
    request.on('end', () => response.end(`${request.method} ${request.url} ${Buffer.concat(chunks).toString()}`))
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  return {
    server,
    port,
    origin: `${kind === 'TLS' ? 'https' : 'http'}://localhost:${port}`,
    async [Symbol.asyncDispose]() {
      const closed = once(server, 'close')
      server.close()
      server.closeAllConnections()
      await closed
    },
  }
}

async function open({ origin }: Site, path: string, protocol?: string): Promise<WebSocket> {
  const webSocket = new WebSocket(origin.replace('http', 'ws') + path, protocol === undefined ? [] : [protocol], { rejectUnauthorized: false })
  webSocket.on('error', () => undefined)
  await Promise.race([once(webSocket, 'open'), once(webSocket, 'error').then(([error]) => Promise.reject(error as Error))])
  return webSocket
}

async function nextText(webSocket: WebSocket): Promise<string> {
  const ended = once(webSocket, 'close').then(([code]) => Promise.reject(new Error(`the socket was closed with ${String(code)}`)))
  const [data] = (await Promise.race([once(webSocket, 'message'), ended])) as [Buffer]
  return data.toString()
}

/** Resolves with the answer of the WebSocket server at `path` to one message. */
export async function ask(site: Site, path: string, text: string, protocol?: string): Promise<string> {
  const webSocket = await open(site, path, protocol)
  try {
    webSocket.send(text)
    return await nextText(webSocket)
  } finally {
    webSocket.terminate()
  }
}

/** Opens a session at the DDP endpoint and calls its method `echo`; rejects when anything else comes than the answer. */
export async function askDDP(site: Site, path: string): Promise<void> {
  const webSocket = await open(site, path)
  try {
    webSocket.send(JSON.stringify({ msg: 'connect', version: '1', support: ['1'] }))
    const connected = await nextText(webSocket)
    if (!connected.includes('"msg":"connected"')) throw new Error(`${path} answered ${connected}`)
    webSocket.send(JSON.stringify({ msg: 'method', id: '1', method: 'echo', params: ['hello'] }))
    const result = await nextText(webSocket)
    if (!result.includes('"result":"hello"')) throw new Error(`${path} answered ${result}`)
  } finally {
    webSocket.terminate()
  }
}
