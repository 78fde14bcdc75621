import { createDDPServer, type DDPServer } from '@ddp-cluster/ddp-server'
import type { Server as HttpServer } from 'node:http'
import type { Server as HttpsServer } from 'node:https'
import { describe, expect, it } from 'vitest'
import { WebSocketServer } from 'ws'
import { type Attached, neighbours } from './neighbours.js'
import { askDDP, openSite } from './site.js'

function endpoint(server: HttpServer | HttpsServer): DDPServer {
  const ddp = createDDPServer({ server })
  ddp.method('echo', (text) => text)
  return ddp
}

describe.each(['plain', 'TLS'] as const)('an endpoint on a %s server', (kind) => {
  describe.each(['before', 'after'] as const)('made %s its neighbour', (order) => {
    it.each(neighbours)('works side by side with $name', async (other) => {
      await using site = await openSite(kind)
      let neighbour: Attached | undefined
      if (order === 'after') neighbour = other.attach(site.server)
      await using ddp = endpoint(site.server)
      neighbour ??= other.attach(site.server)
      for (let round = 0; round < 2; round += 1) {
        await askDDP(site, '/websocket')
        await neighbour.use(site)
      }
      await Promise.all([neighbour.use(site), askDDP(site, '/websocket'), neighbour.use(site)])
      // The neighbour stays when the endpoint goes.
      await ddp.close()
      await neighbour.use(site)
      neighbour.close()
    })
  })
})

describe('an endpoint beside ws servers that take every upgrade', () => {
  it('keeps its own upgrades from all of them', async () => {
    await using site = await openSite('plain')
    const before = new WebSocketServer({ server: site.server })
    await using ddp = endpoint(site.server)
    const after = new WebSocketServer({ server: site.server })
    await askDDP(site, '/websocket')
    expect(before.clients.size + after.clients.size).toBe(0)
    expect(ddp.sessions).toBe(1)
    before.close()
    after.close()
  })
})
