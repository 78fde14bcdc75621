import { DDPError, type Logger, type WireError } from '@ddp-cluster/ddp-common'
import { internalError } from './errors.js'

/**
 * What a client may learn of something that was thrown: a `DDPError` as it is, of anything else only that it happened.
 * The logger gets the rest; `context` says where, in names only.
 */
export function toWireError(thrown: unknown, logger: Logger, context: object): WireError {
  try {
    if (thrown instanceof DDPError) return thrown.toWire()
  } catch {
    // A revoked proxy, or a toWire of the application's own that throws.
  }
  logger.error({ ...context, err: thrown }, 'an exception was redacted to 500 Internal server error')
  return internalError().toWire()
}
