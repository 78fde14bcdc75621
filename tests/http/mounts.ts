import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { instancesApi, type InstancesApiOptions } from '@ddp-cluster/instances-api'
import { instancesApi as forExpress } from '@ddp-cluster/instances-api/express'
import { instancesApi as forFastify } from '@ddp-cluster/instances-api/fastify'
import { instancesApi as forHono } from '@ddp-cluster/instances-api/hono'
import { serve } from '@hono/node-server'
import express from 'express'
import fastify from 'fastify'
import { Hono } from 'hono'

export interface Mounted {
  readonly url: string
  close(): Promise<void>
}

/** One way to serve the API; `ownsAll`: what is no path of the API is answered by it too. */
export interface Mount {
  readonly name: string
  readonly ownsAll: boolean
  start(options: InstancesApiOptions): Promise<Mounted>
}

type Closing = { close(done: () => void): unknown; closeAllConnections?(): void; address(): unknown }

function mounted(server: Closing): Mounted {
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections?.()
      }),
  }
}

export const mounts: readonly Mount[] = [
  {
    name: 'node:http',
    ownsAll: true,
    start: async (options) => {
      const api = instancesApi(options)
      const server = createServer((request, response) => void api(request, response)).listen(0, '127.0.0.1')
      await once(server, 'listening')
      return mounted(server)
    },
  },
  {
    name: 'Express 5',
    ownsAll: false,
    start: async (options) => {
      const app = express()
      app.use(forExpress(options))
      app.get('/other', (_request, response) => void response.send('the application'))
      const server = app.listen(0, '127.0.0.1')
      await once(server, 'listening')
      return mounted(server)
    },
  },
  {
    name: 'Fastify 5',
    ownsAll: false,
    start: async (options) => {
      const app = fastify({ forceCloseConnections: true })
      await app.register(forFastify, options)
      app.get('/other', () => 'the application')
      await app.listen({ port: 0, host: '127.0.0.1' })
      return { url: `http://127.0.0.1:${(app.server.address() as AddressInfo).port}`, close: () => app.close() }
    },
  },
  {
    name: 'Hono 4',
    ownsAll: false,
    start: async (options) => {
      const app = new Hono()
      app.use(forHono(options))
      app.get('/other', (context) => context.text('the application'))
      const server = serve({ fetch: app.fetch, port: 0, hostname: '127.0.0.1' })
      await once(server, 'listening')
      return mounted(server)
    },
  },
]
