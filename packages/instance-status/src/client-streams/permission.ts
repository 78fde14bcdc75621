import type { Connection } from '@ddp-cluster/ddp-server'

/** DDP client that reads or writes a stream: `this` of a permission function. */
export interface StreamClient {
  /** Id of the user that is logged in, or `null`. */
  readonly userId: string | null
  /** Connection of the client. */
  readonly connection: Connection
}

/**
 * Permission for an event: everybody, logged-in users, nobody, or a function that answers `true`. The function gets the event's name and, for a write, the
 * client's arguments, which nobody else has checked. One that throws or rejects denies.
 */
export type StreamPermission = 'all' | 'logged' | 'none' | ((this: StreamClient, event: string, ...args: unknown[]) => boolean | Promise<boolean>)

/** Permissions of DDP clients for the events of a stream. A permission that is left out denies. */
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
  // Anything but `true` denies.
  return (await permission.call(client, event, ...args)) === true
}

export function isPermission(value: unknown): value is StreamPermission {
  return value === 'all' || value === 'logged' || value === 'none' || typeof value === 'function'
}
