import { printField } from './bson/print.js'
import { getField, isDoc, isNumeric, isTruthy, toNumber, typeOf } from './bson/value.js'
import { MongoError } from './mongo-error.js'
import type { Doc, Value } from './bson/value.js'

/** Effect of the `failCommand` fail point on one command. */
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
  #data: Doc = {}
  #mode: Mode = { kind: 'off' }
  #count = 0

  /**
   * @returns how often the fail point has struck so far.
   * @throws MongoError for a fail point that there is none of, and for a mode or data that are none.
   */
  configure(name: Value, mode: Value, data: Value): number {
    if (name !== 'failCommand') throw new MongoError('FailPointSetFailed', `${typeof name === 'string' ? name : ''} not found`)
    const next = modeOf(mode)
    if (data !== undefined && !isDoc(data) && !Array.isArray(data)) throw new MongoError('TypeMismatch', 'the \'data\' option must be a JSON object')
    this.#mode = next
    this.#data = isDoc(data) ? data : {}
    return this.#count
  }

  /** Failure for this command, counted as one of the `times`; undefined when there is none. */
  strike(command: string, appName: string | undefined): Failure | undefined {
    const data = this.#data
    if (this.#mode.kind === 'off' || never.has(command)) return undefined
    const { failCommands, appName: onlyFor } = data
    if (!Array.isArray(failCommands) || !failCommands.includes(command)) return undefined
    if (typeof onlyFor === 'string' && onlyFor !== appName) return undefined
    if (!this.#strikes(this.#mode)) return undefined
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

  #strikes(mode: Mode): boolean {
    switch (mode.kind) {
      case 'off': return false
      case 'alwaysOn': return true
      case 'random': return Math.random() < mode.probability
      case 'times':
        this.#mode = mode.left > 1 ? { kind: 'times', left: mode.left - 1 } : { kind: 'off' }
        return mode.left > 0
      case 'skip':
        this.#mode = mode.left > 1 ? { kind: 'skip', left: mode.left - 1 } : { kind: 'alwaysOn' }
        return mode.left === 0
    }
  }
}

type Mode =
  | { readonly kind: 'off' | 'alwaysOn' }
  | { readonly kind: 'times' | 'skip', readonly left: number }
  | { readonly kind: 'random', readonly probability: number }

const modeOf = (mode: Value): Mode => {
  if (mode === undefined) throw new MongoError('IllegalOperation', 'When setting a failpoint, you must supply a \'mode\'')
  if (typeof mode === 'string') {
    if (mode !== 'off' && mode !== 'alwaysOn') throw new MongoError('BadValue', `unknown mode: ${mode}`)
    return { kind: mode }
  }
  if (!isDoc(mode)) throw new MongoError('TypeMismatch', '\'mode\' must be a string or JSON object')
  for (const kind of ['times', 'skip'] as const) if (Object.hasOwn(mode, kind)) return { kind, left: countOf(mode, kind) }
  if (!Object.hasOwn(mode, 'activationProbability')) {
    throw new MongoError('BadValue', '\'mode\' must be one of \'off\', \'alwaysOn\', \'{times:n}\', \'{skip:n}\' or \'{activationProbability:p}\'')
  }
  const probability = numberAt(mode, 'activationProbability')
  if (!(probability >= 0 && probability <= 1)) throw new MongoError('BadValue', `activationProbability must be between 0.0 and 1.0; found ${probability}`)
  return { kind: 'random', probability }
}

const countOf = (mode: Doc, field: 'times' | 'skip'): number => {
  const count = numberAt(mode, field)
  if (!Number.isInteger(count)) {
    throw new MongoError('BadValue', `Expected field "${field}" to have a value exactly representable as a 64-bit integer, but found ${printField(field, mode[field])}`)
  }
  if (count < 0) throw new MongoError('BadValue', `'${field}' option to 'mode' must be positive`)
  if (count > 2 ** 31 - 1) throw new MongoError('BadValue', `'${field}' option to 'mode' is too large`)
  return count
}

const numberAt = (mode: Doc, field: string): number => {
  const value = getField(mode, field)
  if (!isNumeric(value)) throw new MongoError('TypeMismatch', `"${field}" had the wrong type. Expected number, found ${typeOf(value)}`)
  return toNumber(value)
}

const failure = (code: number, labels: readonly string[] | undefined): MongoError =>
  new MongoError(code, 'Failing command due to \'failCommand\' failpoint', labels ? { errorLabels: [...labels] } : {})

/** Errors by which a primary says that it is none: they carry the topology's version. */
export const isStateChange = (code: number): boolean => [10107, 13435, 11600, 11602, 13436, 189, 91].includes(code)

