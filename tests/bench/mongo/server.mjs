// The embedded MongoDB as it is published: from its build, in a process of its own.
import { startEmbeddedMongo } from '@ddp-cluster/embedded-mongo'
import { answerUsage } from './usage.mjs'

let ahead = 0
const began = performance.now()
const server = await startEmbeddedMongo({ clock: { now: () => Date.now() + ahead }, ttlIntervalMs: 2_000_000_000 })
const startMs = performance.now() - began

answerUsage(server.uri, {
  started: () => ({ startMs }),
  /** Moves the clock on, and removes what has expired by then. */
  expire: (ms) => {
    ahead += ms
    const before = performance.now()
    return { removed: server.expireNow(), expireMs: performance.now() - before }
  },
})
