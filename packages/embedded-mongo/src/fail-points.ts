import { isDoc, isNumeric, isTruthy, toNumber } from './bson/value.js'
import { MongoError } from './mongo-error.js'
import type { Doc, Value } from './bson/value.js'

/** What the `failCommand` fail point does to one command. */
export interface Failure {
  readonly blockMs: number
  readonly closeConnection: boolean
  readonly error: MongoError | undefined
  readonly writeConcernError: Doc | undefined
  readonly labels: readonly string[] | undefined
}

const never = new Set(['configureFailPoint', 'buildInfo'])

/** `configureFailPoint: 'failCommand'`, with the fields that the tests of the drivers use. */
export class FailPoints {
  #data: Doc | undefined
  #left = 0
  #skip = 0
  #count = 0

  /** @returns how often the fail point has struck so far. */
  configure(name: Value, mode: Value, data: Value): number {
    if (name !== 'failCommand') throw new MongoError('FailPointSetFailed', `${typeof name === 'string' ? name : ''} not found`)
    const struck = this.#count
    if (typeof mode === 'string') {
      if (mode !== 'off' && mode !== 'alwaysOn') throw new MongoError('BadValue', `unknown mode: ${mode}`)
      this.#left = mode === 'off' ? 0 : Infinity
      this.#skip = 0
    } else if (isDoc(mode) && isNumeric(mode['times'])) {
      this.#left = toNumber(mode['times'])
      this.#skip = 0
    } else if (isDoc(mode) && isNumeric(mode['skip'])) {
      this.#left = Infinity
      this.#skip = toNumber(mode['skip'])
    } else {
      throw new MongoError('TypeMismatch', '\'mode\' must be a string or JSON object')
    }
    this.#data = isDoc(data) ? data : {}
    return struck
  }

  /** What is to happen to this command; undefined when nothing is. It counts as one of the `times`. */
  strike(command: string, appName: string | undefined): Failure | undefined {
    const data = this.#data
    if (!data || this.#left <= 0 || never.has(command)) return undefined
    const { failCommands, appName: onlyFor } = data
    if (!Array.isArray(failCommands) || !failCommands.includes(command)) return undefined
    if (typeof onlyFor === 'string' && onlyFor !== appName) return undefined
    if (this.#skip > 0) {
      this.#skip--
      return undefined
    }
    this.#left--
    this.#count++
    const { errorCode, errorLabels, blockConnection, blockTimeMS, writeConcernError, closeConnection } = data
    const labels = Array.isArray(errorLabels) ? errorLabels.map(String) : undefined
    return {
      blockMs: isTruthy(blockConnection) && isNumeric(blockTimeMS) ? toNumber(blockTimeMS) : 0,
      closeConnection: isTruthy(closeConnection),
      error: isNumeric(errorCode) ? failure(toNumber(errorCode), labels) : undefined,
      writeConcernError: isDoc(writeConcernError) ? writeConcernError : undefined,
      labels,
    }
  }
}

const failure = (code: number, labels: readonly string[] | undefined): MongoError =>
  new MongoError(code, 'Failing command due to \'failCommand\' failpoint', labels ? { errorLabels: [...labels] } : {})

/** Errors by which a primary says that it is none: they carry the topology's version. */
export const isStateChange = (code: number): boolean => [10107, 13435, 11600, 11602, 13436, 189, 91].includes(code)

