import { afterEach, expect, it, vi } from 'vitest'
import { dialWebSocket } from './browser-transport.js'
import type { ConnectionEnd } from './connection-end.js'
import type { Transport } from './transport.js'

/** The platform's WebSocket, in which nothing happens until the test says so. */
class PlatformSocket extends EventTarget {
  static last: PlatformSocket | undefined
  readonly sent: string[] = []
  closedWith: number | undefined

  constructor() {
    super()
    PlatformSocket.last = this
  }

  send(text: string): void {
    this.sent.push(text)
  }

  close(code: number): void {
    this.closedWith = code
  }

  happen(type: string, fields: object = {}): void {
    this.dispatchEvent(Object.assign(new Event(type), fields))
  }
}

interface Dialled {
  readonly transport: Transport
  readonly socket: PlatformSocket
  readonly texts: string[]
  readonly ends: ConnectionEnd[]
  readonly opened: () => number
}

function dial(maxMessageBytes = 30): Dialled {
  vi.stubGlobal('WebSocket', PlatformSocket)
  const texts: string[] = []
  const ends: ConnectionEnd[] = []
  let opened = 0
  const transport = dialWebSocket({ url: 'wss://server.example/websocket', maxMessageBytes }, {
    onOpen: () => { opened += 1 },
    onText: (text) => texts.push(text),
    onEnd: (end) => ends.push(end),
  })
  const socket = PlatformSocket.last
  if (!socket) throw new Error('nothing was dialled')
  return { transport, socket, texts, ends, opened: () => opened }
}

afterEach(() => vi.unstubAllGlobals())

it('sends and hears while it is open, and neither before nor after', () => {
  const { transport, socket, texts, ends, opened } = dial()
  transport.send('early')
  socket.happen('message', { data: 'early' })
  socket.happen('open')
  socket.happen('open')
  transport.send('hello')
  socket.happen('message', { data: 'welcome' })
  socket.happen('error')
  socket.happen('close', { code: 4001 })
  socket.happen('close', { code: 1006 })
  socket.happen('open')
  socket.happen('message', { data: 'late' })
  transport.send('late')
  transport.close()
  expect([socket.sent, texts, opened(), socket.closedWith]).toEqual([['hello'], ['welcome'], 1, undefined])
  expect(ends).toEqual([{ cause: 'peer-closed', reason: 'server.example closed the connection (4001)', closeCode: 4001 }])
})

it.each([
  ['unreachable', 'server.example could not be reached as a WebSocket server', (socket: PlatformSocket) => socket.happen('close', { code: 1006 })],
  ['ended', 'server.example ended the connection without a close frame', (socket: PlatformSocket) => {
    socket.happen('open')
    socket.happen('close', { code: 1006 })
  }],
])('says what a browser lets it know: %s', (cause, reason, happen) => {
  const { socket, ends } = dial()
  happen(socket)
  expect(ends).toEqual([{ cause, reason }])
})

it.each([
  ['too-long', 'x'.repeat(31)],
  ['too-long', '\u20ac'.repeat(11)],
  ['protocol', new Blob(['{}'])],
])('ends when what comes is %s, without waiting for the peer', async (cause, data) => {
  const { socket, texts, ends } = dial()
  socket.happen('open')
  socket.happen('message', { data })
  await Promise.resolve()
  socket.happen('close', { code: 1006 })
  expect([socket.closedWith, texts, ends.map((end) => end.cause)]).toEqual([1000, [], [cause]])
})

it('takes a text that is long in characters for what it is in bytes', () => {
  const { socket, texts } = dial()
  socket.happen('open')
  for (const data of ['x'.repeat(30), '\u20ac'.repeat(10)]) socket.happen('message', { data })
  expect(texts).toHaveLength(2)
})

it('is closed once, by this side', () => {
  const { transport, socket, ends } = dial()
  socket.happen('open')
  transport.close()
  socket.closedWith = undefined
  transport.close()
  socket.happen('close', { code: 1000 })
  expect(socket.closedWith).toBeUndefined()
  expect(ends).toEqual([{ cause: 'local', reason: 'The connection to server.example was closed by this side' }])
})

it('an address that the platform does not take is an end, not an exception', async () => {
  const error = new SyntaxError('not a URL')
  vi.stubGlobal('WebSocket', class {
    constructor() {
      throw error
    }
  })
  const ends: ConnectionEnd[] = []
  const transport = dialWebSocket({ url: 'nonsense', maxMessageBytes: 1 }, { onOpen: () => undefined, onText: () => undefined, onEnd: (end) => ends.push(end) })
  for (const act of [() => transport.send('x'), () => transport.close(), () => transport.terminate()]) act()
  expect(ends).toEqual([])
  await Promise.resolve()
  expect(ends).toMatchObject([{ cause: 'unreachable', error }])
})
