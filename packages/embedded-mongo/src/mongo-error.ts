import { codeOf, nameOfCode } from './error-codes.js'
import type { ErrorName } from './error-codes.js'
import type { Doc } from './bson/value.js'

/** An error that a client gets as MongoDB's: `{ ok: 0, errmsg, code, codeName }`, or as an element of `writeErrors`. */
export class MongoError extends Error {
  override readonly name = 'MongoError'
  readonly code: number
  /** Fields beside the code and the message, such as the key of a duplicate. */
  readonly fields: Doc

  constructor(code: ErrorName | number, message: string, fields: Doc = {}) {
    super(message)
    this.code = typeof code === 'number' ? code : codeOf(code)
    this.fields = fields
  }

  get codeName(): string {
    return nameOfCode(this.code)
  }

  /** Error with a context before its message. */
  within(context: string): MongoError {
    return new MongoError(this.code, `${context} :: caused by :: ${this.message}`, this.fields)
  }
}
