import type { Connection } from '@ddp-cluster/ddp-server'

/** The client that asks, as `this` of a permission. */
export interface StreamClient {
  /** Who is logged in; `null`: nobody. */
  readonly userId: string | null
  readonly connection: Connection
}

/**
 * Who may: everybody, who is logged in, nobody, or whom the function says. It is called with the event's name, and for a write with the
 * arguments, which are a client's and not checked by anybody else.
 */
export type StreamPermission = 'all' | 'logged' | 'none' | ((this: StreamClient, event: string, ...args: unknown[]) => boolean | Promise<boolean>)

/** What clients may do with the events of a stream. What is not said is not allowed. */
export interface StreamPermissions {
  /** Subscribe to an event. Asked once for each subscription, and again when its client logs in or out. */
  readonly allowRead?: StreamPermission
  /** Emit an event to all instances and their clients. Asked for every event. */
  readonly allowWrite?: StreamPermission
}

export async function isAllowed(permission: StreamPermission, client: StreamClient, event: string, args: readonly unknown[]): Promise<boolean> {
  if (permission === 'all') return true
  if (permission === 'logged') return client.userId !== null
  if (permission === 'none') return false
  // What is no boolean is no permission.
  return (await permission.call(client, event, ...args)) === true
}

export function isPermission(value: unknown): value is StreamPermission {
  return value === 'all' || value === 'logged' || value === 'none' || typeof value === 'function'
}
