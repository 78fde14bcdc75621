import type { MongoClient } from 'mongodb'

/** Comment by which the application's own commands are known. */
export const applicationComment = 'application'

/** Counts the pooled connections that are checked out, by the driver's own events, and tells the library's from the application's. */
export class PoolWatch {
  /** Connections in use, and whether the command that runs on each is the application's. */
  readonly #inUse = new Map<string, 'ours' | 'application'>()
  #mostOfOurs = 0
  #commands = 0

  /** `client` needs `monitorCommands`, and must not have been used yet. */
  constructor(client: MongoClient) {
    client.on('connectionCheckedOut', ({ address, connectionId }) => this.#note(keyOf(address, connectionId), 'ours'))
    client.on('connectionCheckedIn', ({ address, connectionId }) => this.#inUse.delete(keyOf(address, connectionId)))
    client.on('connectionClosed', ({ address, connectionId }) => this.#inUse.delete(keyOf(address, connectionId)))
    client.on('commandStarted', ({ address, connectionId, command }) => {
      const application = command['comment'] === applicationComment
      if (!application) this.#commands += 1
      this.#note(keyOf(address, connectionId), application ? 'application' : 'ours')
      this.#mostOfOurs = Math.max(this.#mostOfOurs, this.ours)
    })
  }

  /** Connections that the library holds now. */
  get ours(): number {
    return [...this.#inUse.values()].filter((owner) => owner === 'ours').length
  }

  /** Most connections that the library held at any moment. */
  get mostOfOurs(): number {
    return this.#mostOfOurs
  }

  /** Commands that the library has sent. */
  get commands(): number {
    return this.#commands
  }

  /** Begins to look for the maximum anew. */
  reset(): void {
    this.#mostOfOurs = this.ours
  }

  #note(key: string, owner: 'ours' | 'application'): void {
    this.#inUse.set(key, owner)
  }
}

const keyOf = (address: string, connectionId: unknown): string => `${address} ${String(connectionId)}`
