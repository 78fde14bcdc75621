import { LookupError } from '@ddp-cluster/ddp-common/internal'

/** Error codes of a MongoDB that shuts down, steps down or is not the primary. */
const awayCodes: ReadonlySet<unknown> = new Set([6, 7, 89, 91, 189, 262, 9001, 10_107, 11_600, 11_602, 13_435, 13_436])

/** The driver's errors of the network and of time limits; its classes are not imported, so that any version of the driver will do. */
export function isDatabaseAway(error: unknown): boolean {
  if (!(error instanceof Error)) return false
  if (error instanceof LookupError) return true
  if (/^Mongo(Network|ServerSelection|OperationTimeout|NotConnected|TopologyClosed|Pool|WaitQueueTimeout)/.test(error.name)) return true
  return error.name === 'MongoServerError' && 'code' in error && awayCodes.has(error.code)
}
