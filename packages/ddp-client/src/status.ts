/** Where the client is on its way to the server: the fields are those of Meteor's `Meteor.status()`. */
export type ClientStatus =
  /** The first attempt, or another: the transport, the handshake, until the server opens a session. */
  | { readonly status: 'connecting'; readonly connected: false; readonly retryCount: number; readonly reason?: string }
  | { readonly status: 'connected'; readonly connected: true; readonly retryCount: 0 }
  /** The last attempt failed, or the connection was lost; the next one comes at `retryTime`, in milliseconds since the epoch. */
  | { readonly status: 'waiting'; readonly connected: false; readonly retryCount: number; readonly retryTime: number; readonly reason: string }
  /** The server speaks no version of DDP that is spoken here: nothing is tried again until `reconnect()`. */
  | { readonly status: 'failed'; readonly connected: false; readonly retryCount: number; readonly reason: string }
  /** After `disconnect()` or `close()`. */
  | { readonly status: 'offline'; readonly connected: false; readonly retryCount: 0 }

type StatusName = ClientStatus['status']

/** Which status may follow which. */
const successors: Readonly<Record<StatusName, readonly StatusName[]>> = {
  connecting: ['connected', 'waiting', 'failed', 'offline', 'connecting'],
  connected: ['waiting', 'connecting', 'offline'],
  waiting: ['connecting', 'offline'],
  failed: ['connecting', 'offline'],
  offline: ['connecting'],
}

export function mayFollow(from: StatusName, to: StatusName): boolean {
  return successors[from].includes(to)
}
