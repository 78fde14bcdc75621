import { DDPError, type Logger } from '@ddp-cluster/ddp-common'
import type { Connection, DDPServer } from '@ddp-cluster/ddp-server'
import type { Stream } from '../broadcast/stream.js'
import { ClusterError } from '../errors.js'
import { isAllowed, isPermission, type StreamClient, type StreamPermissions } from './permission.js'
import { Subscribers } from './subscribers.js'

export interface ClientStreamOptions {
  readonly ddpServer: Pick<DDPServer, 'method' | 'publish'>
  readonly selfId: string
  readonly stream: Stream
  /** The number of the last event that was emitted here. */
  readonly head: () => number
  readonly permissions: StreamPermissions
  readonly logger: Logger
}

const longestEventName = 500

/**
 * Lets DDP clients subscribe to the events of a stream, and emit to it, as Meteor's streamer does: the publication `stream-<name>` with an
 * event's name, `changed` messages of the collection of that name with `{ eventName, args }`, and the method `stream-<name>` with the event's
 * name and arguments. Throws a `ClusterError` `invalid-option`, and the server's `publication-taken` or `method-taken`.
 */
export function publishToClients({ ddpServer, selfId, stream, head, permissions, logger }: ClientStreamOptions): void {
  const { allowRead = 'none', allowWrite = 'none' } = permissions
  if (!isPermission(allowRead) || !isPermission(allowWrite)) throw new ClusterError('invalid-option', 'allowRead and allowWrite are "all", "logged", "none" or a function')
  const name = `stream-${stream.name}`
  const subscribers = new Subscribers(name)
  /** Writers of events that have not been dispatched yet, by number: a writer has its event already. */
  const writers = new Map<number, Connection>()

  ddpServer.publish(name, async function (event, options) {
    const { userId, connection } = this
    await check(allowRead, { userId, connection }, event, [])
    const remove = subscribers.add(event as string, connection)
    this.onStop(remove)
    if (usesCollection(options)) subscribers.introduce(event as string, connection)
    this.ready()
  })

  ddpServer.method(name, async function (event, ...args) {
    const { userId, connection } = this
    await check(allowWrite, { userId, connection }, event, args)
    const seq = head() + 1
    writers.set(seq, connection)
    try {
      stream.emit(event as string, ...args)
    } catch (error) {
      writers.delete(seq)
      throw error instanceof ClusterError ? new DDPError(error.code, error.message) : error
    }
  })

  stream.onAny(function (event, ...args) {
    const except = this.from === selfId ? writers.get(this.seq) : undefined
    if (except) writers.delete(this.seq)
    try {
      subscribers.tell(event, args, except)
    } catch (error) {
      logger.error({ stream: name, event, error: String(error) }, 'an event cannot be sent to clients')
    }
  })
}

async function check(permission: NonNullable<StreamPermissions['allowRead']>, client: StreamClient, event: unknown, args: readonly unknown[]): Promise<void> {
  if (typeof event !== 'string' || event === '' || event.length > longestEventName) throw new DDPError('invalid-event-name', 'the name of an event is a string of 1 to 500 characters')
  if (!(await isAllowed(permission, client, event, args))) throw new DDPError('not-allowed', 'not allowed')
}

/** The second parameter of a subscription is `true` or `{ useCollection: true }` for clients that want a document to be changed. */
function usesCollection(options: unknown): boolean {
  return options === true || (typeof options === 'object' && options !== null && 'useCollection' in options && options.useCollection === true)
}
