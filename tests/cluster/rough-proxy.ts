import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net'

/** What has been read and not written yet of one direction of a connection holds its sender up beyond so much. */
const mostHeldBytes = 1024 * 1024

/** To the port behind the proxy, or from it. */
type Direction = 'inward' | 'outward'

/** A TCP proxy before one port whose connections a test can reset one by one, delay, and hold. */
export class RoughProxy {
  readonly port: number
  /** What is read is written so much later. */
  delayMs = 0
  /** What was read from the port behind it. */
  carriedBytes = 0
  readonly #server: Server
  #target: number
  readonly #pairs = new Set<readonly [Socket, Socket]>()
  /** Write what waits in one direction of one connection. */
  readonly #writers = new Set<() => void>()
  #held: ReadonlySet<Direction> = new Set()

  private constructor(server: Server, target: number) {
    this.#server = server
    this.#target = target
    this.port = (server.address() as AddressInfo).port
    server.on('connection', (near) => this.#join(near, connect(this.#target, '127.0.0.1')))
  }

  static async before(port: number): Promise<RoughProxy> {
    const server = createServer().listen(0, '127.0.0.1')
    await once(server, 'listening')
    return new RoughProxy(server, port)
  }

  /** Resets one of the connections, whatever is on its way; `choose` takes a number and returns one below it. False when there is none. */
  cutOne(choose: (count: number) => number): boolean {
    const pair = [...this.#pairs][choose(this.#pairs.size)]
    for (const socket of pair ?? []) socket.resetAndDestroy()
    return pair !== undefined
  }

  /** Sends new connections to another port, and cuts those that are there. */
  redirect(target: number): void {
    this.#target = target
    for (const pair of this.#pairs) for (const socket of pair) socket.resetAndDestroy()
  }

  /** Carries nothing any more in these directions, over old connections or new ones, and nobody is told: what was sent waits. */
  hold(...directions: Direction[]): void {
    this.#held = new Set(directions)
    for (const write of this.#writers) write()
  }

  close(): void {
    this.#server.close()
    for (const pair of this.#pairs) for (const socket of pair) socket.destroy()
  }

  #join(near: Socket, far: Socket): void {
    const pair = [near, far] as const
    this.#pairs.add(pair)
    near.setNoDelay(true)
    far.setNoDelay(true)
    this.#carry(near, far, 'inward')
    this.#carry(far, near, 'outward')
    far.on('data', (chunk: Buffer) => (this.carriedBytes += chunk.length))
    for (const socket of pair) {
      socket.on('error', () => undefined)
      socket.on('close', () => {
        this.#pairs.delete(pair)
        near.destroy()
        far.destroy()
      })
    }
  }

  #carry(from: Socket, to: Socket, direction: Direction): void {
    const queue: { readonly chunk: Buffer | undefined; readonly dueAt: number }[] = []
    let held = 0
    let timer: ReturnType<typeof setTimeout> | undefined
    const write = (): void => {
      clearTimeout(timer)
      timer = undefined
      if (this.#held.has(direction)) return
      for (let first = queue[0]; first && first.dueAt <= performance.now(); first = queue[0]) {
        queue.shift()
        held -= first.chunk?.length ?? 0
        if (to.destroyed) return
        if (first.chunk) to.write(first.chunk)
        else to.end()
      }
      if (queue[0]) timer = setTimeout(write, Math.ceil(queue[0].dueAt - performance.now()))
      if (held + to.writableLength < mostHeldBytes && from.isPaused()) from.resume()
    }
    // In order: what came under a longer delay is not overtaken by what comes under a shorter one, since it stands before it.
    const take = (chunk: Buffer | undefined): void => {
      queue.push({ chunk, dueAt: performance.now() + this.delayMs })
      held += chunk?.length ?? 0
      if (held + to.writableLength >= mostHeldBytes) from.pause()
      if (!timer) write()
    }
    from.on('data', take)
    from.on('end', () => take(undefined))
    to.on('drain', () => from.resume())
    this.#writers.add(write)
    to.on('close', () => {
      clearTimeout(timer)
      this.#writers.delete(write)
    })
  }
}
