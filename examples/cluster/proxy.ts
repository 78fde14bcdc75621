import { once } from 'node:events'
import { connect, createServer, type Socket } from 'node:net'
import type { AddressInfo } from 'node:net'

/** What stands between an instance and those who dial it, so that this can be cut. */
export interface Proxy {
  readonly port: number
  /** Where the instance itself listens; who dials before that is known waits. */
  pointTo(port: number): void
  /** Ends every connection, and takes no other until `mend()`. */
  cut(): void
  mend(): void
  close(): void
}

export async function openProxy(): Promise<Proxy> {
  const sockets = new Set<Socket>()
  let isCut = false
  let pointTo = (_port: number): void => undefined
  const target = new Promise<number>((resolve) => (pointTo = resolve))
  const keep = (socket: Socket): void => {
    sockets.add(socket)
    socket.on('error', () => undefined).on('close', () => sockets.delete(socket))
  }
  const server = createServer((from) => {
    if (isCut) return void from.destroy()
    keep(from)
    void target.then((port) => {
      if (from.destroyed) return
      const to = connect(port, '127.0.0.1')
      keep(to)
      from.pipe(to).pipe(from)
      from.on('close', () => to.destroy())
      to.on('close', () => from.destroy())
    })
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const endAll = (): void => sockets.forEach((socket) => void socket.destroy())
  return {
    port: (server.address() as AddressInfo).port,
    pointTo: (port) => pointTo(port),
    cut: () => {
      isCut = true
      endAll()
    },
    mend: () => void (isCut = false),
    close: () => {
      endAll()
      server.close()
    },
  }
}
