import { DDPError, type Logger, type WireError } from '@ddp-cluster/ddp-common'
import { messageOf } from '@ddp-cluster/ddp-common/internal'
import { internalError } from './errors.js'

/**
 * What a client may learn of something that was thrown, as Meteor's server decides it: an error that says `isClientSafe: true` (a `DDPError` does) as it is,
 * the `sanitizedError` of another one if that is safe, else only that it happened. The logger gets the rest; `context` says where, in names only.
 */
export function toWireError(thrown: unknown, logger: Logger, context: object): WireError {
  const safe = safeError(() => thrown)
  if (safe !== undefined) return safe
  const sanitized = safeError(() => (isObject(thrown) ? thrown['sanitizedError'] : undefined))
  logger.error({ ...context, err: thrown }, sanitized === undefined ? 'an exception was redacted to 500 Internal server error' : 'an exception was redacted to its sanitizedError')
  return sanitized ?? internalError().toWire()
}

/** Undefined for what is not safe, and for a hostile proxy or getter, which throws. */
function safeError(read: () => unknown): WireError | undefined {
  try {
    const value = read()
    return isObject(value) && value['isClientSafe'] === true ? readable(value) : undefined
  } catch {
    return undefined
  }
}

/** The error in the types that every client reads, whatever the application made its fields. */
function readable({ error, reason, details, message }: Record<string, unknown>): WireError {
  const wire = new DDPError(isCode(error) ? error : internalError().error, textOf(reason), details).toWire()
  return typeof message === 'string' ? { ...wire, message } : wire
}

/** JSON has no number for the others. */
const isCode = (value: unknown): value is string | number => typeof value === 'string' || Number.isFinite(value)

const textOf = (value: unknown): string | undefined => (value === undefined || value === null ? undefined : messageOf(value))

const isObject = (value: unknown): value is Record<string, unknown> => (typeof value === 'object' && value !== null) || typeof value === 'function'
