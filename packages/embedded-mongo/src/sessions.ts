import { Binary } from 'bson'
import { valueKey } from './bson/key.js'
import { getField, isDoc, isNumeric, toNumber } from './bson/value.js'
import { MongoError } from './mongo-error.js'
import type { Doc } from './bson/value.js'

interface Session {
  number: bigint
  /** The reply of the retryable write with this number, by command; given again when it is repeated. */
  replies: Map<string, Doc>
}

/** How many sessions are remembered. */
const maxSessions = 20_000

/** The sessions of a server: what makes a repeated write be answered, not run twice. */
export class Sessions {
  readonly #sessions = new Map<string, Session>()

  get size(): number {
    return this.#sessions.size
  }

  /** The reply that was given to this very write before; undefined for one that is to be run. */
  recall(command: Doc): Doc | undefined {
    const session = this.#of(command)
    const number = numberOf(command)
    if (!session || number === undefined) return undefined
    if (number < session.number) {
      throw new MongoError('TransactionTooOld', `Cannot start transaction ${number} on session because a newer transaction ${session.number} has already started.`)
    }
    if (number > session.number) {
      session.number = number
      session.replies = new Map()
    }
    return session.replies.get(keyOf(command))
  }

  remember(command: Doc, reply: Doc): void {
    const session = this.#of(command)
    if (session && numberOf(command) !== undefined) session.replies.set(keyOf(command), reply)
  }

  end(ids: readonly unknown[]): void {
    for (const id of ids) if (isDoc(id as Doc)) this.#sessions.delete(valueKey((id as Doc)['id']))
  }

  clear(): void {
    this.#sessions.clear()
  }

  #of(command: Doc): Session | undefined {
    const lsid = getField(command, 'lsid')
    if (!isDoc(lsid) || !(lsid['id'] instanceof Binary)) return undefined
    const key = valueKey(lsid['id'])
    const known = this.#sessions.get(key)
    if (known) return known
    if (this.#sessions.size >= maxSessions) {
      const [oldest] = this.#sessions.keys()
      if (oldest !== undefined) this.#sessions.delete(oldest)
    }
    const session: Session = { number: -1n, replies: new Map() }
    this.#sessions.set(key, session)
    return session
  }
}

const numberOf = (command: Doc): bigint | undefined => {
  const number = getField(command, 'txnNumber')
  return typeof number === 'bigint' ? number : isNumeric(number) ? BigInt(Math.trunc(toNumber(number))) : undefined
}

const keyOf = (command: Doc): string => {
  const [name = ''] = Object.keys(command)
  const statement = getField(command, 'stmtId')
  return `${name}:${isNumeric(statement) ? toNumber(statement) : ''}`
}
