import { createRequire } from 'node:module'
import type { IncomingMessage, Server as HttpServer } from 'node:http'
import type { Server as HttpsServer } from 'node:https'
import type { Duplex } from 'node:stream'
import { createDDPServer } from '@ddp-cluster/ddp-server'
import express from 'express'
import { Server as SocketIO } from 'socket.io'
import { io } from 'socket.io-client'
import { WebSocketServer } from 'ws'
import { ask, askDDP, type Site } from './site.js'

/** Another user of the HTTP server's upgrades. */
export interface Neighbour {
  readonly name: string
  attach(server: HttpServer | HttpsServer): Attached
}

export interface Attached {
  /** Uses the neighbour as its own clients do; rejects when it does not work. */
  use(site: Site): Promise<void>
  close(): void
}

interface ExpressWs {
  app: { ws(path: string, handler: (socket: { on(event: 'message', listener: (text: string) => void): void; send(text: string): void }) => void): void }
  getWss(): { close(): void }
}
const expressWs = createRequire(import.meta.url)('express-ws') as (app: unknown, server: unknown) => ExpressWs

/** Every neighbour echoes, so that one that is not reached is noticed. */
function echoing(server: WebSocketServer, prefix: string): WebSocketServer {
  return server.on('connection', (socket) => socket.on('message', (data: Buffer) => socket.send(prefix + data.toString())))
}

async function expectEcho(site: Site, path: string, prefix: string, protocol?: string): Promise<void> {
  const answer = await ask(site, path, 'hello', protocol)
  if (answer !== `${prefix}hello`) throw new Error(`${path} answered ${answer}`)
}

/** A listener for upgrades that takes what is its own and leaves the rest, as a development server's hot reload does. */
function listener(name: string, takes: (request: IncomingMessage) => boolean, path: string, protocol?: string): Neighbour {
  return {
    name,
    attach: (server) => {
      const acceptor = echoing(new WebSocketServer({ noServer: true }), 'hot ')
      const onUpgrade = (request: IncomingMessage, socket: Duplex, head: Buffer): void => {
        if (takes(request)) acceptor.handleUpgrade(request, socket, head, (webSocket) => void acceptor.emit('connection', webSocket, request))
      }
      server.on('upgrade', onUpgrade)
      return { use: (site) => expectEcho(site, path, 'hot ', protocol), close: () => void server.off('upgrade', onUpgrade) }
    },
  }
}

function webSocketServer(name: string, path: string | undefined, asked: string): Neighbour {
  return {
    name,
    attach: (server) => {
      const other = echoing(new WebSocketServer({ server, ...(path !== undefined && { path }) }), 'ws ')
      return { use: (site) => expectEcho(site, asked, 'ws ', undefined), close: () => other.close() }
    },
  }
}

function both(name: string, one: Neighbour, other: Neighbour): Neighbour {
  return {
    name,
    attach: (server) => {
      const all = [one.attach(server), other.attach(server)]
      return {
        use: async (site) => void (await Promise.all(all.map((attached) => attached.use(site)))),
        close: () => all.forEach((attached) => attached.close()),
      }
    },
  }
}

const socketIO: Neighbour = {
  name: 'Socket.IO',
  attach: (server) => {
    const other = new SocketIO(server)
    other.on('connection', (socket) => socket.on('echo', (text: string, answer: (text: string) => void) => answer(text)))
    return {
      use: async ({ origin }) => {
        const client = io(origin, { transports: ['websocket'], rejectUnauthorized: false, reconnection: false })
        try {
          await new Promise<void>((resolve, reject) => client.once('connect', resolve).once('connect_error', reject))
          const answer: unknown = await client.timeout(5000).emitWithAck('echo', 'hello')
          if (answer !== 'hello') throw new Error(`Socket.IO answered ${String(answer)}`)
        } finally {
          client.disconnect()
        }
      },
      // The HTTP server stays the test's.
      close: () => other.engine.close(),
    }
  },
}

const throughExpress: Neighbour = {
  name: 'express-ws',
  attach: (server) => {
    const extended = expressWs(express(), server)
    extended.app.ws('/echo', (socket) => socket.on('message', (text) => socket.send(`express ${text}`)))
    return { use: (site) => expectEcho(site, '/echo', 'express '), close: () => extended.getWss().close() }
  },
}

const anotherEndpoint: Neighbour = {
  name: 'another DDP endpoint',
  attach: (server) => {
    const ddp = createDDPServer({ server, path: '/other' })
    ddp.method('echo', (text) => text)
    return { use: (site) => askDDP(site, '/other/websocket'), close: () => void ddp.close() }
  },
}

export const neighbours: readonly Neighbour[] = [
  webSocketServer('ws', undefined, '/anything'),
  webSocketServer('ws with a path', '/graphql', '/graphql'),
  both('two ws servers', listener('a', ({ url }) => url === '/a', '/a'), listener('b', ({ url }) => url === '/b', '/b')),
  socketIO,
  throughExpress,
  listener('a hot reload by its subprotocol', ({ headers }) => headers['sec-websocket-protocol'] === 'vite-hmr', '/', 'vite-hmr'),
  anotherEndpoint,
]
