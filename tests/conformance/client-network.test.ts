import { connect as connectTcp, createServer, type AddressInfo, type Server, type Socket } from 'node:net'
import { connect } from '@ddp-cluster/ddp-client'
import { openConnection } from '@ddp-cluster/ddp-client/internal'
import { randomId } from '@ddp-cluster/ddp-common'
import { systemClock, type Clock } from '@ddp-cluster/ddp-common/internal'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { WebSocketServer } from 'ws'

/** How the network ends a conversation: it tells nobody, ends the stream, or resets it. */
const cuts = ['silence', 'end', 'reset'] as const

interface Weather {
  /** So many bytes pass, in both directions together; then the cut. Infinity: all pass. */
  readonly passing: number
  readonly cut: (typeof cuts)[number]
  /** Seed of the sizes that the segments are cut into, and of their delays. */
  readonly seed: number
}

/** A clock that knows how many of its timers are pending. */
class CountingClock implements Clock {
  readonly pending = new Set<unknown>()
  now(): number { return systemClock.now() }
  wallNow(): number { return systemClock.wallNow() }
  setTimeout(run: () => void, delayMs: number): unknown {
    const handle = systemClock.setTimeout(() => {
      this.pending.delete(handle)
      run()
    }, delayMs)
    this.pending.add(handle)
    return handle
  }
  clearTimeout(handle: unknown): void {
    this.pending.delete(handle)
    systemClock.clearTimeout(handle)
  }
}

/** A network between a client and a server: it moves the boundaries of segments, delays them, and cuts where the weather says. */
class FakeNetwork {
  readonly #target: number
  readonly #server: Server
  readonly #sockets = new Set<Socket>()
  weather: Weather = { passing: Infinity, cut: 'end', seed: 1 }
  /** Bytes that passed on the last connection. */
  passed = 0

  private constructor(target: number) {
    this.#target = target
    this.#server = createServer({ allowHalfOpen: true, noDelay: true }, (socket) => this.#onConnection(socket))
  }

  static async before(target: number): Promise<FakeNetwork> {
    const network = new FakeNetwork(target)
    await new Promise<void>((resolve) => network.#server.listen(0, '127.0.0.1', resolve))
    return network
  }

  get url(): string {
    return `ws://127.0.0.1:${(this.#server.address() as AddressInfo).port}/websocket`
  }

  async close(): Promise<void> {
    for (const socket of this.#sockets) socket.destroy()
    await new Promise((resolve) => this.#server.close(resolve))
  }

  #onConnection(inner: Socket): void {
    const { weather } = this
    const outer = connectTcp({ port: this.#target, host: '127.0.0.1', allowHalfOpen: true, noDelay: true })
    const random = randomOf(weather.seed)
    let passed = 0
    let isCut = false
    const cutNow = (): void => {
      isCut = true
      if (weather.cut === 'end') inner.end()
      if (weather.cut === 'reset') inner.resetAndDestroy()
      outer.destroy()
    }
    const pass = async (chunk: Buffer, to: Socket): Promise<void> => {
      for (let at = 0; at < chunk.length && !isCut;) {
        const size = Math.min(1 + Math.floor(random() * 40), chunk.length - at, weather.passing - passed)
        if (size > 0) to.write(chunk.subarray(at, at + size))
        at += size
        passed += size
        this.passed = passed
        if (passed >= weather.passing) cutNow()
        if (random() < 0.2) await new Promise(setImmediate)
      }
    }
    for (const [from, to] of [[inner, outer], [outer, inner]] as const) {
      this.#sockets.add(from)
      let passing = Promise.resolve()
      from.on('data', (chunk: Buffer) => {
        passing = passing.then(() => pass(chunk, to))
      })
      from.on('end', () => {
        passing = passing.then(() => { if (!isCut) to.end() })
      })
      from.on('error', () => undefined)
      from.on('close', () => {
        this.#sockets.delete(from)
        if (!isCut) to.destroy()
      })
    }
    if (weather.passing === 0) cutNow()
  }
}

/** mulberry32: the same numbers for the same seed. */
function randomOf(seed: number): () => number {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296
  }
}

/** A server that knows a handshake, an echo and a pong; every session is a new one. */
async function startServer(): Promise<WebSocketServer> {
  const server = new WebSocketServer({ port: 0, host: '127.0.0.1' })
  server.on('connection', (socket) => {
    socket.on('error', () => undefined)
    socket.on('message', (data) => {
      const message = JSON.parse((data as Buffer).toString()) as { msg: string; id: string; params: unknown }
      if (message.msg === 'connect') socket.send(JSON.stringify({ msg: 'connected', session: randomId() }))
      if (message.msg === 'ping') socket.send(JSON.stringify({ msg: 'pong', id: message.id }))
      if (message.msg !== 'method') return
      socket.send(JSON.stringify({ msg: 'result', id: message.id, result: message.params }))
      socket.send(JSON.stringify({ msg: 'updated', methods: [message.id] }))
    })
  })
  await new Promise((resolve) => server.once('listening', resolve))
  return server
}

const sockets = (): number => process.getActiveResourcesInfo().filter((resource) => resource === 'TCPSocketWrap').length

const processListeners = (): number => process.eventNames().reduce((sum, name) => sum + process.listenerCount(name), 0)

/** Rejects when a promise has not settled in time, so that a hang says where. */
function within<T>(promise: Promise<T>, ms: number, what: string): Promise<T> {
  let timer: ReturnType<typeof setTimeout>
  const late = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => reject(new Error(`${what} did not settle within ${ms} ms`)), ms)
  })
  return Promise.race([promise, late]).finally(() => clearTimeout(timer))
}

describe('a thousand connects, calls and closes over a network that cuts at every byte', () => {
  let server: WebSocketServer
  let port = 0
  let unhandled = 0
  const onUnhandled = (): void => {
    unhandled += 1
  }

  beforeAll(async () => {
    server = await startServer()
    port = (server.address() as AddressInfo).port
    process.on('unhandledRejection', onUnhandled)
  })
  afterAll(async () => {
    process.off('unhandledRejection', onUnhandled)
    for (const socket of server.clients) socket.terminate()
    await new Promise((resolve) => server.close(resolve))
  })

  /** One conversation in some weather. Returns how it ended. */
  async function converse(weather: Weather): Promise<string> {
    const network = await FakeNetwork.before(port)
    network.weather = weather
    const clock = new CountingClock()
    const where = `cut by ${weather.cut} after ${weather.passing} bytes`
    const hasty = { connectTimeoutMs: 400, heartbeatIntervalMs: 150, heartbeatTimeoutMs: 150 }
    const connection = openConnection({ url: network.url, clock, ...(weather.passing !== Infinity && hasty) })
    const call = connection.call('echo', [weather.passing]).then(() => 'answered', () => 'failed')
    const opened = connection.opened.then(() => 'opened', () => 'not opened')
    const outcome = `${await within(opened, 10_000, `opened, ${where}`)}, ${await within(call, 10_000, `the call, ${where}`)}`
    connection.close()
    await within(connection.closed, 10_000, `closed, ${where}`)
    expect([where, clock.pending.size]).toEqual([where, 0])
    await network.close()
    return outcome
  }

  it('settles every promise and leaves no timer and no socket', async () => {
    const network = await FakeNetwork.before(port)
    const connection = openConnection({ url: network.url })
    await connection.opened
    const handshake = network.passed
    await connection.call('echo', [1])
    const whole = network.passed
    connection.close()
    await connection.closed
    await network.close()
    expect(handshake).toBeGreaterThan(300)

    const before = sockets()
    const listeners = processListeners()
    const weathers: Weather[] = []
    for (let passing = 0; passing <= whole; passing += 1) for (const [i, cut] of cuts.entries()) {
      // Silence takes the time of a time limit, so it is tried at every third byte.
      if (cut !== 'silence' || passing % 3 === 0) weathers.push({ passing, cut, seed: passing * 3 + i })
    }
    for (let seed = 1; seed <= 50; seed += 1) weathers.push({ passing: Infinity, cut: 'end', seed })
    expect(weathers.length).toBeGreaterThan(1_000)
    const outcomes = new Map<string, number>()
    const work = weathers.values()
    await Promise.all(Array.from({ length: 25 }, async () => {
      for (const weather of work) {
        const outcome = await converse(weather)
        outcomes.set(outcome, (outcomes.get(outcome) ?? 0) + 1)
      }
    }))
    expect(Object.fromEntries(outcomes)).toEqual({
      'not opened, failed': expect.any(Number) as number, 'opened, failed': expect.any(Number) as number, 'opened, answered': expect.any(Number) as number,
    })
    expect(outcomes.get('opened, answered')).toBeGreaterThanOrEqual(50)
    for (let i = 0; i < 100 && sockets() > before; i += 1) await new Promise((resolve) => setTimeout(resolve, 10))
    expect(sockets()).toBeLessThanOrEqual(before)
    expect(processListeners()).toBe(listeners)
    expect(unhandled).toBe(0)
  })

  it('is no obstacle to the reconnecting client', async () => {
    const network = await FakeNetwork.before(port)
    const listeners = processListeners()
    for (let passing = 0; passing < 500; passing += 2) {
      network.weather = { passing, cut: passing % 4 === 0 ? 'end' : 'reset', seed: passing }
      const clock = new CountingClock()
      const client = connect({ url: network.url, clock })
      client.on('statusChanged', ({ status }) => {
        if (status === 'waiting') network.weather = { passing: Infinity, cut: 'end', seed: passing }
      })
      expect(await within(client.call('echo', passing), 10_000, `the call, cut after ${passing} bytes`)).toEqual([passing])
      await within(client.close(), 10_000, 'close')
      expect(clock.pending.size).toBe(0)
    }
    expect(processListeners()).toBe(listeners)
    await network.close()
    expect(unhandled).toBe(0)
  })
})
