import type { DataMessage } from '@ddp-cluster/ddp-common'
import { inFewWords } from '../text-of.js'

/** The collection in which an instance tells a peer that dialled it what concerns the two of them. */
const noticeCollection = 'cluster.notice'

/** Message of one instance about another, over the session that the other dialled. */
export type Notice =
  /** You are not reached at the address that you advertise, and why. */
  | { readonly kind: 'unreachable'; readonly reason: string }
  /** You had been declared gone here, and are back. */
  | { readonly kind: 'expelled'; readonly reason: string }
  /** I take no new work: I am about to leave. */
  | { readonly kind: 'leaving' }

const kinds: ReadonlySet<string> = new Set(['unreachable', 'expelled', 'leaving'] satisfies Notice['kind'][])

/** The DDP text of a notice. */
export function encodeNotice(notice: Notice): string {
  const fields = 'reason' in notice ? { reason: inFewWords(notice.reason) } : {}
  return JSON.stringify({ msg: 'changed', collection: noticeCollection, id: notice.kind, fields })
}

/** Whether a message is meant as a notice, whatever it says. */
export function isNotice(message: DataMessage): boolean {
  return 'collection' in message && message.collection === noticeCollection
}

/** Notice in a message; undefined for a kind that this version does not know. */
export function decodeNotice(message: DataMessage): Notice | undefined {
  if (message.msg !== 'changed' || !kinds.has(message.id)) return undefined
  const kind = message.id as Notice['kind']
  if (kind === 'leaving') return { kind }
  const reason: unknown = message.fields?.['reason']
  return typeof reason === 'string' ? { kind, reason: inFewWords(reason) } : undefined
}
