import { createHmac, randomBytes } from 'node:crypto'
import type { Server } from 'node:http'
import { randomId } from '@ddp-cluster/ddp-common'
import { type WebSocket, WebSocketServer } from 'ws'
import type { Fleet } from '../cluster/fleet.js'

interface Message {
  readonly msg: string
  readonly id: string
  readonly method?: string
  readonly name?: string
  readonly params?: readonly Record<string, unknown>[]
}

/** What it answers instead of what it should; nothing for undefined. */
export type Answer = (message: Message) => object | undefined

export interface CompromisedPeer {
  readonly id: string
  /** Sends this over every session that was dialled to it. */
  say(message: object | string): void
  dials(): number
  /** Ends every session that was dialled to it. */
  hangUp(): void
}

/** A member that holds the secret and is dialled as one, and says over the link what a test wants it to say. Without a secret it is an impostor, which comes no further than the challenge. */
export async function compromisedPeer(fleet: Fleet, secret: string | undefined, answer: Answer = () => undefined): Promise<CompromisedPeer> {
  const { server, port } = await fleet.listen()
  const id = randomId()
  const speaker = speakAsInstance(server, secret, answer)
  const now = new Date()
  await fleet.db.collection<{ _id: string }>('instances').insertOne({
    _id: id, _createdAt: now, _updatedAt: now, name: 'test', pid: 1, extraInformation: { host: 'localhost', port: String(port) },
    cluster: { protocol: 1, expireAfterMs: 60_000, url: `ws://127.0.0.1:${port}/websocket` },
  } as never)
  return { id, ...speaker }
}

/** Answers instances that dial this server as the one that they look for, whoever that is. */
export function speakAsInstance(server: Server, secret: string | undefined, answer: Answer = () => undefined): Omit<CompromisedPeer, 'id'> {
  const sessions = new Set<WebSocket>()
  let dials = 0
  const say = (message: object | string): void => {
    for (const socket of sessions) socket.send(typeof message === 'string' ? message : JSON.stringify(message))
  }
  new WebSocketServer({ server }).on('connection', (socket) => {
    dials += 1
    sessions.add(socket)
    socket.on('close', () => sessions.delete(socket))
    socket.on('error', () => undefined)
    let asked: Record<string, unknown> = {}
    const nonceB = randomBytes(32)
    const result = (message: Message): object | undefined => {
      if (message.msg === 'connect') return { msg: 'connected', session: 'x' }
      if (message.msg === 'ping') return { msg: 'pong', id: message.id }
      if (message.method === 'cluster.challenge') {
        asked = message.params?.[0] ?? {}
        return { msg: 'result', id: message.id, result: { nonceB: { $binary: nonceB.toString('base64') } } }
      }
      if (message.method === 'cluster.prove') {
        const nonceA = Buffer.from((asked['nonceA'] as { $binary: string }).$binary, 'base64')
        const proofB = prove(secret ?? 'x'.repeat(32), ['dialled', '1', asked['cluster'], asked['from'], asked['to'], String(asked['attempt']), nonceA, nonceB])
        return { msg: 'result', id: message.id, result: { proofB: { $binary: proofB.toString('base64') } } }
      }
      return undefined
    }
    socket.on('message', (data: Buffer) => {
      const message = JSON.parse(data.toString()) as Message
      const said = answer(message) ?? result(message)
      if (said !== undefined) socket.send(JSON.stringify(said))
    })
  })
  const hangUp = (): void => {
    for (const socket of sessions) socket.terminate()
  }
  return { say, dials: () => dials, hangUp }
}

function prove(secret: string, fields: readonly unknown[]): Buffer {
  const hmac = createHmac('sha256', secret)
  for (const field of fields) {
    const bytes = Buffer.from(field as string)
    const length = Buffer.alloc(4)
    length.writeUInt32BE(bytes.length)
    hmac.update(length).update(bytes)
  }
  return hmac.digest()
}
