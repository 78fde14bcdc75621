import type { Doc } from '../bson/value.js'
import type { CommandScope } from '../expression/scope.js'
import type { FieldType } from './field-types.js'
import type { Server } from '../server-state.js'
import type { Statements } from '../sessions.js'

/** Call of a command, with the server and the connection that it came on. */
export interface Call {
  readonly name: string
  readonly db: string
  readonly command: Doc
  readonly server: Server
  readonly scope: CommandScope
  /** Resolves when the connection is gone or the server closes: a command that waits ends then. */
  readonly gone: AbortSignal
  /** The statements of a retryable write; undefined for any other command. */
  readonly statements: Statements | undefined
}

export interface Command {
  /** Runs against `admin` only. */
  readonly adminOnly?: boolean
  /** The fields that it takes beside those that every command takes; undefined where it takes anything. */
  readonly fields?: readonly string[]
  /** Of which types the fields are, where another one is refused. */
  readonly types?: Readonly<Record<string, FieldType>>
  /** Fields without which it is refused. */
  readonly required?: readonly string[]
  /** A write that reports a write concern error when it was asked for one. */
  readonly isWrite?: boolean
  /** A read, which `maxTimeMS` bounds. */
  readonly isRead?: boolean
  run(call: Call): Doc | Promise<Doc>
}
