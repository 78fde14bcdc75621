/** One of the clients that people have, behind one face. */
export interface Sdk {
  readonly name: string
  /** Whether it subscribes again by itself after a reconnect. */
  readonly subscribesAgain: boolean
  /** Whether it logs in again by itself after a reconnect. */
  readonly logsInAgain: boolean
  /** Connects to a server at a port of this machine. */
  open(port: number): Promise<OpenSdk>
}

export interface OpenSdk {
  call(name: string, ...params: unknown[]): Promise<unknown>
  /** Logs in as the client does; resolves with the user's id. */
  login(): Promise<unknown>
  /** Subscribes to a publication; resolves when the server has said `ready`. */
  subscribe(name: string, ...params: unknown[]): Promise<unknown>
  /** Subscribes to an event of the stream `room`, in the form that the client uses; what comes goes to `heard`. */
  listen(event: string): Promise<unknown>
  /** The arguments of each stream message that came. */
  readonly heard: unknown[]
  /** The documents of the collection `posts` by their ids, as the client keeps or tells them. */
  posts(): Record<string, unknown>
  /** How often the client has opened a session. */
  connects(): number
  close(): unknown
}

/** Credentials of the one user; each client takes what it can send. */
export const user = { id: 'anna', name: 'anna', password: 'correct horse', token: 'a personal access token' } as const

export interface DataMessage {
  readonly msg?: string
  readonly collection: string
  readonly id: string
  readonly fields?: Record<string, unknown>
}

/** Documents and stream messages, as the client passes them on: how it keeps them in collections of its own is not looked at. */
export class Documents {
  readonly heard: unknown[] = []
  readonly #posts: Record<string, unknown> = {}

  added({ collection, id, fields }: DataMessage): void {
    if (collection === 'posts') this.#posts[id] = { ...fields }
  }

  changed({ collection, id, fields }: DataMessage): void {
    if (collection === 'posts') this.#posts[id] = { ...(this.#posts[id] as object), ...fields }
    if (collection === 'stream-room') this.heard.push(fields?.['args'])
  }

  posts(): Record<string, unknown> {
    return this.#posts
  }
}

export async function eventually(isSo: () => boolean): Promise<void> {
  while (!isSo()) await new Promise((resolve) => setTimeout(resolve, 5))
}
