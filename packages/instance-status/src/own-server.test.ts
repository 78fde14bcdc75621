import { once } from 'node:events'
import { connect, type AddressInfo, type Socket } from 'node:net'
import { readFileSync } from 'node:fs'
import { afterEach, describe, it } from 'vitest'
import { openServer, type OwnServer } from './own-server.js'

const opened: OwnServer[] = []
const sockets: Socket[] = []
afterEach(async () => {
  for (const socket of sockets.splice(0)) socket.destroy()
  await Promise.all(opened.splice(0).map(({ close }) => close()))
})

const pem = (name: string): string => readFileSync(new URL(`../../../tests/conformance/client-fixtures/localhost.${name}.pem`, import.meta.url), 'utf8')

async function dial(tls = false): Promise<Socket> {
  const own = await openServer({ host: '127.0.0.1', ...(tls && { tls: { key: pem('key'), cert: pem('cert') } }) }, 200)
  opened.push(own)
  const socket = connect((own.server.address() as AddressInfo).port, '127.0.0.1').resume()
  socket.on('error', () => undefined)
  sockets.push(socket)
  await once(socket, 'connect')
  return socket
}

const upgrade = 'GET /websocket HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n'

describe('the server for peers waits for nobody longer than it was told to', () => {
  it.each([
    ['connects and says nothing', ''],
    ['sends half a request', 'GET / HTTP/1.1\r\nHost: x\r\n'],
    ['sends half a WebSocket handshake', upgrade],
    ['announces a body that never comes', 'POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n\r\n'],
  ])('who %s is ended', async (_, text) => {
    const socket = await dial()
    socket.write(text)
    await once(socket, 'close')
  })

  it.each([['a header', upgrade, 'X-A: b\r\n'], ['a body', 'POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 100000\r\n\r\n', 'x']])('who sends %s piece by piece is ended too', async (_, beginning, piece) => {
    const socket = await dial()
    socket.write(beginning)
    const drip = setInterval(() => socket.write(piece), 10)
    await once(socket, 'close')
    clearInterval(drip)
  })

  it('who never finishes a TLS handshake is ended', async () => {
    await once(await dial(true), 'close')
  })
})
