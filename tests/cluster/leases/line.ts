import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net'

/** A TCP line to one port. While it is down nothing is carried, over old connections or new ones, and nobody is told: what was sent waits. */
export class Line {
  readonly #server: Server
  readonly #pairs = new Set<readonly [Socket, Socket]>()
  #isDown = false

  private constructor(port: number) {
    this.#server = createServer({ pauseOnConnect: true }, (near) => {
      const pair = [near, connect(port, '127.0.0.1')] as const
      this.#pairs.add(pair)
      for (const socket of pair) {
        socket.on('error', () => undefined)
        socket.on('close', () => {
          this.#pairs.delete(pair)
          for (const other of pair) other.destroy()
        })
      }
      if (!this.#isDown) carry(pair)
    })
  }

  static async to(port: number): Promise<Line> {
    const line = new Line(port)
    line.#server.listen(0, '127.0.0.1')
    await once(line.#server, 'listening')
    return line
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port
  }

  down(): void {
    this.#isDown = true
    for (const [near, far] of this.#pairs) {
      near.unpipe(far).pause()
      far.unpipe(near).pause()
    }
  }

  up(): void {
    this.#isDown = false
    for (const pair of this.#pairs) carry(pair)
  }

  close(): void {
    this.#server.close()
    for (const pair of this.#pairs) for (const socket of pair) socket.destroy()
  }
}

function carry([near, far]: readonly [Socket, Socket]): void {
  near.pipe(far)
  far.pipe(near)
}
