import { InvalidBson, decodeDocument } from '../bson/decode.js'
import { encodeDocument } from '../bson/encode.js'
import { getField, setField } from '../bson/value.js'
import type { Doc, Value } from '../bson/value.js'

/** Bytes that are no message: the connection is closed. */
export class InvalidMessage extends Error {
  override readonly name = 'InvalidMessage'
}

export interface Message {
  readonly requestId: number
  readonly command: Doc
  /** How the answer is to be framed; `OP_QUERY` is what drivers greet with. */
  readonly kind: 'OP_MSG' | 'OP_QUERY'
  /** The client takes several answers to one request. */
  readonly allowsExhaust: boolean
  /** The client wants no answer (an unacknowledged write). */
  readonly wantsNoReply: boolean
}

const opReply = 1
const opQuery = 2004
const opMsg = 2013

const checksumPresent = 1
const moreToCome = 2
const exhaustAllowed = 1 << 16

/** The message in these bytes, which are one whole frame. */
export const parseMessage = (frame: Buffer): Message => {
  const requestId = frame.readInt32LE(4)
  const code = frame.readInt32LE(12)
  try {
    if (code === opMsg) return parseMsg(frame, requestId)
    if (code === opQuery) return parseQuery(frame, requestId)
  } catch (cause) {
    if (cause instanceof InvalidBson || cause instanceof RangeError) throw new InvalidMessage(cause.message, { cause })
    throw cause
  }
  throw new InvalidMessage(`no support for messages of the kind ${code}`)
}

const parseMsg = (frame: Buffer, requestId: number): Message => {
  if (frame.length < 26) throw new InvalidMessage('the message is too short')
  const flags = frame.readUInt32LE(16)
  if ((flags & 0xffff & ~(checksumPresent | moreToCome)) !== 0) throw new InvalidMessage('a flag is set that nobody knows')
  const end = frame.length - ((flags & checksumPresent) !== 0 ? 4 : 0)
  let command: Doc | undefined
  const sequences: [string, Value[]][] = []
  let at = 20
  while (at < end) {
    const kind = frame[at++]
    if (kind === 0) {
      if (command) throw new InvalidMessage('there are two bodies')
      const body = decodeDocument(frame, at, end, '$clusterTime')
      command = body.doc
      at = body.end
    } else if (kind === 1) {
      const sectionEnd = at + frame.readInt32LE(at)
      if (sectionEnd > end || sectionEnd < at + 5) throw new InvalidMessage('a section is longer than the message')
      const zero = frame.indexOf(0, at + 4)
      if (zero === -1 || zero >= sectionEnd) throw new InvalidMessage('a section has no name')
      const docs: Value[] = []
      const name = frame.toString('utf8', at + 4, zero)
      for (at = zero + 1; at < sectionEnd;) {
        const element = decodeDocument(frame, at, sectionEnd)
        docs.push(element.doc)
        at = element.end
      }
      sequences.push([name, docs])
    } else {
      throw new InvalidMessage(`no section has the kind ${kind}`)
    }
  }
  if (!command) throw new InvalidMessage('there is no body')
  for (const [name, docs] of sequences) {
    if (Object.hasOwn(command, name)) throw new InvalidMessage(`the field ${name} is there twice`)
    setField(command, name, docs)
  }
  return { requestId, command, kind: 'OP_MSG', allowsExhaust: (flags & exhaustAllowed) !== 0, wantsNoReply: (flags & moreToCome) !== 0 }
}

const parseQuery = (frame: Buffer, requestId: number): Message => {
  const zero = frame.indexOf(0, 20)
  if (zero === -1) throw new InvalidMessage('the namespace does not end')
  const namespace = frame.toString('utf8', 20, zero)
  if (!namespace.endsWith('.$cmd')) throw new InvalidMessage('only commands can be asked in this old way')
  const { doc } = decodeDocument(frame, zero + 9, frame.length)
  const wrapped = getField(doc, '$query')
  const command = { ...(wrapped as Doc | undefined ?? doc), $db: namespace.slice(0, -5) }
  return { requestId, command, kind: 'OP_QUERY', allowsExhaust: false, wantsNoReply: false }
}

/** The bytes of an answer. */
export const encodeReply = (message: Message, requestId: number, responseTo: number, reply: Doc, more: boolean): Buffer => {
  const isMsg = message.kind === 'OP_MSG'
  const head = isMsg ? 21 : 36
  const frame = encodeDocument(reply, head)
  frame.writeInt32LE(frame.length, 0)
  frame.writeInt32LE(requestId, 4)
  frame.writeInt32LE(responseTo, 8)
  frame.writeInt32LE(isMsg ? opMsg : opReply, 12)
  if (isMsg) {
    frame.writeUInt32LE(more ? moreToCome : 0, 16)
    frame[20] = 0
  } else {
    frame.writeInt32LE(8, 16)
    frame.fill(0, 20, 32)
    frame.writeInt32LE(1, 32)
  }
  return frame
}
