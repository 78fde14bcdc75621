/**
 * Fault of a value or a text:
 * - `too-deep`: nested deeper than `maxNesting`, or circular
 * - `unknown-type`: a `$type` that `addType` was never told of
 * - `invalid-value`: a wrapper whose content makes no value (a bad base64 string, a regular expression that does not compile, a factory that threw),
 *   an object of the bson package that EJSON has no type for (a UUID, a Timestamp), or a value of another type than the function takes
 * - `type-exists`: `addType` for a name that is taken
 */
export type EJSONErrorCode = 'too-deep' | 'unknown-type' | 'invalid-value' | 'type-exists'

/** A value that EJSON cannot write, or a text that is JSON but no EJSON. (A text that is no JSON at all is a `SyntaxError`, as from `JSON.parse`.) */
export class EJSONError extends Error {
  override readonly name = 'EJSONError'
  /** Stable code, for programs. */
  readonly code: EJSONErrorCode

  constructor(code: EJSONErrorCode, message: string, options?: ErrorOptions) {
    super(message, options)
    this.code = code
  }
}

/** How deep a value may be nested for EJSON to walk it: deeper ones could exhaust the stack. */
export const maxNesting = 1_000

/** An object of the `bson` package would arrive as something else. */
export function noBsonType(name: string): EJSONError {
  return new EJSONError('invalid-value', `EJSON has no type for a ${name} of the bson package; convert it, for example with toString()`)
}

export function tooDeep(): EJSONError {
  return new EJSONError('too-deep', 'The value is nested deeper than is allowed, or contains itself')
}
