import { Binary } from 'bson'
import { valueKey } from './bson/key.js'
import { getField, isDoc, isNumeric, toNumber } from './bson/value.js'
import { MongoError } from './mongo-error.js'
import type { Doc } from './bson/value.js'

/** Result of a statement of a retryable write on its one document; `reply` is the answer of a `findAndModify`. */
export type Done =
  | { readonly type: 'insert', readonly doc: Doc, readonly reply?: Doc }
  | { readonly type: 'update' | 'delete', readonly reply?: Doc }

interface Session {
  number: bigint
  /** Results under this transaction number, by the number of the statement. */
  done: Map<number, Done>
}

/** How many sessions are remembered. */
const maxSessions = 20_000

/** The statements of one retryable write: the first is the command's `stmtId`, or 0. */
export class Statements {
  readonly #done: Map<number, Done>
  readonly #first: number

  constructor(done: Map<number, Done>, first: number) {
    this.#done = done
    this.#first = first
  }

  /** Result of the statement when it ran before; undefined if it is to run. */
  done(index: number): Done | undefined {
    return this.#done.get(this.#first + index)
  }

  remember(index: number, done: Done): void {
    this.#done.set(this.#first + index, done)
  }
}

/** The sessions of a server: what makes a repeated statement be answered, not run twice. */
export class Sessions {
  readonly #sessions = new Map<string, Session>()

  get size(): number {
    return this.#sessions.size
  }

  /**
   * The statements of a command with a `txnNumber`, of which some may be done; undefined where there is no session.
   *
   * @throws MongoError 225 for a number below the session's last one.
   */
  begin(command: Doc): Statements | undefined {
    const session = this.#of(command)
    const number = numberOf(command)
    if (!session || number === undefined) return undefined
    if (number < session.number) {
      throw new MongoError('TransactionTooOld', `Cannot start transaction ${number} on session because a newer transaction ${session.number} has already started.`)
    }
    if (number > session.number) {
      session.number = number
      session.done = new Map()
    }
    const first = getField(command, 'stmtId')
    return new Statements(session.done, isNumeric(first) ? toNumber(first) : 0)
  }

  end(ids: readonly Doc[]): void {
    for (const { id } of ids) this.#sessions.delete(valueKey(id))
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
    const session: Session = { number: -1n, done: new Map() }
    this.#sessions.set(key, session)
    return session
  }
}

const numberOf = (command: Doc): bigint | undefined => {
  const number = getField(command, 'txnNumber')
  return typeof number === 'bigint' ? number : isNumeric(number) ? BigInt(Math.trunc(toNumber(number))) : undefined
}
