import { ConnectionError, type ConnectionEnd } from './connection-end.js'
import type { Method } from './method-queue.js'
import type { Subject } from './subject.js'
import type { Subscriptions } from './subscriptions.js'

/** The WebSocket close code of who got a message that is too long for it. */
const messageTooBig = 1009

/**
 * What must not be sent again after a connection that ended over a message that was too long, for it would end the next one as well.
 * Nobody says which message that was:
 * - Of those that the server may have refused it is the longest one.
 * - One that was refused here may have answered any of the calls under way, and none of them may run again and again; or it was data of the
 *   first subscription that is not ready, as a server does one after the other.
 */
export function tooLong(end: ConnectionEnd, calls: readonly Method[], subscriptions: Subscriptions): { readonly subject: Subject; readonly error: ConnectionError }[] {
  if (end.closeCode === messageTooBig) {
    const sent = [...calls.map(({ id, text }) => ({ kind: 'call' as const, id, text })), ...subscriptions.sent()]
    const [longest] = sent.map(({ text, ...subject }) => ({ subject, bytes: bytesOf(text) })).sort((a, b) => b.bytes - a.bytes)
    if (!longest) return []
    const message = `The server takes no message as long as this one (${longest.bytes} bytes), and has closed the connection over it`
    return [{ subject: longest.subject, error: new ConnectionError('refused', message, { end }) }]
  }
  if (end.cause !== 'too-long') return []
  const error = new ConnectionError('bad-answer', `It may have been the answer: ${end.reason}`, { end })
  const suspects: Subject[] = calls.map(({ id }) => ({ kind: 'call', id }))
  const [subscription] = subscriptions.unanswered()
  if (subscription !== undefined) suspects.push({ kind: 'subscription', id: subscription })
  return suspects.map((subject) => ({ subject, error }))
}

function bytesOf(text: string): number {
  return new TextEncoder().encode(text).length
}
