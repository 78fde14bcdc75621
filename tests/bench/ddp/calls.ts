// Method calls a second: our client, simpleddp on the same server, and a bare WebSocket echo of a message as long as a call's.
import { createRequire } from 'node:module'
import { connect } from '@ddp-cluster/ddp-client'
import WebSocket from 'ws'
import { median, ratio } from '../measure.js'
import type { BenchOptions, BenchTarget } from '../report.js'
import { startServer } from './start-server.js'

interface Caller {
  readonly name: string
  readonly call: (value: string) => Promise<unknown>
  readonly close: () => Promise<unknown>
}

interface SimpleDDP {
  connect(): Promise<void>
  disconnect(): Promise<void>
  call(name: string, ...params: unknown[]): Promise<unknown>
}
const SimpleDDPClient = createRequire(import.meta.url)('simpleddp') as new (options: object) => SimpleDDP

const payload = 'a message of a few words'

function ours(port: number): Caller {
  const client = connect({ url: `ws://127.0.0.1:${port}/websocket` })
  return { name: 'ddp-client', call: (value) => client.call('echo', value), close: () => client.close() }
}

async function simpleddp(port: number): Promise<Caller> {
  const client = new SimpleDDPClient({ endpoint: `ws://127.0.0.1:${port}/websocket`, SocketConstructor: WebSocket, reconnectInterval: 1000 })
  await client.connect()
  return { name: 'simpleddp', call: (value) => client.call('echo', value), close: () => client.disconnect() }
}

async function bareEcho(port: number): Promise<Caller> {
  const webSocket = new WebSocket(`ws://127.0.0.1:${port}/echo`, { perMessageDeflate: false })
  await new Promise((resolve) => webSocket.once('open', resolve))
  const waiting: ((text: string) => void)[] = []
  let first = 0
  webSocket.on('message', (data: Buffer) => {
    const resolve = waiting[first]
    first += 1
    if (first === waiting.length) {
      waiting.length = 0
      first = 0
    }
    resolve?.(data.toString())
  })
  return {
    name: 'ws echo',
    call: (value) => new Promise((resolve) => {
      waiting.push(resolve)
      webSocket.send(`{"msg":"method","method":"echo","id":"12345","params":["${value}"]}`)
    }),
    close: () => new Promise((resolve) => {
      webSocket.once('close', resolve)
      webSocket.close()
    }),
  }
}

/** Calls a second with so many under way at any time. */
async function rate({ call }: Caller, inFlight: number, forMs: number): Promise<number> {
  const began = performance.now()
  let calls = 0
  const keepCalling = async (): Promise<void> => {
    while (performance.now() - began < forMs) {
      if ((await call(payload)) === undefined) throw new Error('no answer')
      calls += 1
    }
  }
  await Promise.all(Array.from({ length: inFlight }, keepCalling))
  return (calls * 1000) / (performance.now() - began)
}

export async function benchCalls({ quick }: BenchOptions): Promise<{ rows: Record<string, string | number>[]; targets: BenchTarget[] }> {
  const { rounds, roundMs } = quick ? { rounds: 10, roundMs: 50 } : { rounds: 60, roundMs: 100 }
  const server = await startServer()
  const callers = [ours(server.port), await simpleddp(server.port), await bareEcho(server.port)]
  const rows: Record<string, string | number>[] = []
  const targets: BenchTarget[] = []
  for (const inFlight of [1, 64]) {
    const rates = new Map(callers.map(({ name }) => [name, [] as number[]]))
    for (const caller of callers) await rate(caller, inFlight, 500)
    for (let round = 0; round < rounds; round += 1) {
      for (let turn = 0; turn < callers.length; turn += 1) {
        const caller = callers[(turn + round) % callers.length]
        if (caller !== undefined) rates.get(caller.name)?.push(await rate(caller, inFlight, roundMs))
      }
    }
    const of = (name: string): readonly number[] => rates.get(name) ?? []
    // Rounds are short: whether the two processes share a core changes all rates at once, several times a minute.
    for (const { name } of callers) {
      rows.push({
        what: 'method calls', client: name, 'in flight': inFlight, 'per second': Math.round(median(of(name))), 'of ws echo': ratio(of(name), of('ws echo')).toFixed(2),
      })
    }
    const toEcho = ratio(of('ddp-client'), of('ws echo'))
    const toSimpleddp = ratio(of('ddp-client'), of('simpleddp'))
    targets.push(
      { name: `calls through our client and server, ${inFlight} in flight, to a bare ws echo`, target: 'at least 0.6', value: toEcho, met: toEcho >= 0.6, why: 'with one call in flight both processes mostly wait for each other, and a second message says that what it wrote is visible' },
      { name: `calls through our client, ${inFlight} in flight, to simpleddp on the same server`, target: 'at least 2', value: toSimpleddp, met: toSimpleddp >= 2 },
    )
  }
  for (const caller of callers) await caller.close()
  await server.stop()
  return { rows, targets }
}
