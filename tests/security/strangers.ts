import { fork, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import net, { type Socket } from 'node:net'
import { fileURLToPath } from 'node:url'
import { randomId } from '@ddp-cluster/ddp-common'

/** An instance in a process of its own, and strangers that connect to it and come only so far. */

interface Target {
  readonly url: string
  readonly to: string
  readonly cluster: string
}

export interface Held {
  readonly bytes: number
  readonly residentBytes: number
  readonly sessions: number
}

/** A masked text frame whose mask is nought. */
function frame(text: string): Buffer {
  const payload = Buffer.from(text)
  const header = Buffer.from([0x81, 0xfe, 0, 0, 0, 0, 0, 0])
  header.writeUInt16BE(payload.length, 2)
  return Buffer.concat([header, payload])
}

const upgrade = 'GET /websocket HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n'
const connect = frame('{"msg":"connect","version":"1","support":["1"]}')
const challenge = ({ to, cluster }: Target): Buffer =>
  frame(JSON.stringify({ msg: 'method', method: 'cluster.challenge', id: '1', params: [{ protocol: 1, cluster, from: randomId(), to, attempt: 1, nonceA: { $binary: Buffer.alloc(32).toString('base64') } }] }))

/** What each kind of stranger sends, piece by piece; what comes after a piece waits for an answer to it. */
const kinds = {
  'connected, and nothing else': () => [],
  'half of a WebSocket handshake': () => [upgrade],
  'a WebSocket, and no connect': () => [`${upgrade}\r\n`],
  'connect, and no challenge': () => [`${upgrade}\r\n`, connect],
  'a challenge, and no proof': (target: Target) => [`${upgrade}\r\n`, Buffer.concat([connect, challenge(target)])],
} as const satisfies Record<string, (target: Target) => readonly (string | Buffer)[]>

export type Kind = keyof typeof kinds
export const allKinds = Object.keys(kinds) as Kind[]

export class Strangers {
  readonly #child: ChildProcess
  readonly #target: Target
  #sockets: Socket[] = []

  private constructor(child: ChildProcess, target: Target) {
    this.#child = child
    this.#target = target
  }

  static async before(): Promise<Strangers> {
    const file = fileURLToPath(new URL('strangers-process.ts', import.meta.url))
    const child = fork(file, { execArgv: ['--import', 'tsx', '--conditions=@ddp-cluster/source', '--expose-gc'] })
    const [target] = (await once(child, 'message')) as [Target]
    return new Strangers(child, target)
  }

  async held(): Promise<Held> {
    this.#child.send('held')
    const [held] = (await once(this.#child, 'message')) as [Held]
    return held
  }

  /** So many of a kind come, and stay. */
  async come(kind: Kind, count: number): Promise<void> {
    const pieces = kinds[kind](this.#target)
    for (let come = 0; come < count; come += 100) {
      await Promise.all(Array.from({ length: Math.min(100, count - come) }, () => this.#one(pieces)))
    }
  }

  async go(): Promise<void> {
    const sockets = this.#sockets
    this.#sockets = []
    await Promise.all(sockets.filter((socket) => !socket.destroyed).map((socket) => once(socket.destroy(), 'close')))
  }

  async close(): Promise<void> {
    await this.go()
    if (this.#child.exitCode !== null) return
    this.#child.disconnect()
    await once(this.#child, 'exit')
  }

  async #one(pieces: readonly (string | Buffer)[]): Promise<void> {
    const socket = net.connect(Number(new URL(this.#target.url).port), '127.0.0.1')
    this.#sockets.push(socket)
    socket.on('error', () => undefined)
    await once(socket, 'connect')
    for (const piece of pieces) {
      socket.write(piece)
      // Half a handshake is not answered.
      if (piece !== upgrade) await once(socket, 'data')
    }
  }
}
