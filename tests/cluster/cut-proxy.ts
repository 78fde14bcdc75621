import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net'

/** A TCP proxy before one port, which a test can cut, hold and let go. */
export class CutProxy {
  readonly port: number
  readonly #server: Server
  readonly #pairs: Set<readonly [Socket, Socket]>

  private constructor(server: Server, pairs: Set<readonly [Socket, Socket]>) {
    this.#server = server
    this.#pairs = pairs
    this.port = (server.address() as AddressInfo).port
  }

  static async before(port: number): Promise<CutProxy> {
    const pairs = new Set<readonly [Socket, Socket]>()
    const server = createServer((near) => {
      const far = connect(port, '127.0.0.1')
      const pair = [near, far] as const
      pairs.add(pair)
      near.pipe(far)
      far.pipe(near)
      for (const socket of pair) {
        socket.on('error', () => undefined)
        socket.on('close', () => {
          pairs.delete(pair)
          near.destroy()
          far.destroy()
        })
      }
    }).listen(0, '127.0.0.1')
    await once(server, 'listening')
    return new CutProxy(server, pairs)
  }

  /** Resets every connection, whatever was on its way. */
  cut(): void {
    for (const pair of this.#pairs) for (const socket of pair) socket.resetAndDestroy()
  }

  /** Carries nothing any more over the connections that there are, and keeps them open: both sides wait. */
  hold(): void {
    for (const [near, far] of this.#pairs) {
      near.unpipe(far)
      far.unpipe(near)
      near.pause()
      far.pause()
    }
  }

  /** Carries on where `hold` stopped. */
  letGo(): void {
    for (const [near, far] of this.#pairs) {
      near.pipe(far)
      far.pipe(near)
    }
  }

  close(): void {
    this.#server.close()
    this.cut()
  }
}
