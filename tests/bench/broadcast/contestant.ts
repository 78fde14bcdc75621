import type { Message } from './message.js'

export interface Setup {
  readonly role: 'publisher' | 'subscriber'
  /** 0 is the publisher. */
  readonly index: number
  readonly count: number
  readonly mongoUri: string
  readonly natsPort: number
  readonly redisPort: number
}

/** One process of one way to bring events from process to process. */
export interface Contestant {
  /** Where others reach it, if they do. */
  readonly port?: number
  /** Everybody is there; `ports` are theirs, the publisher's first. Resolves when this process can send or receive. */
  link(ports: readonly number[]): Promise<void>
  emit(message: Message): void
  /** Resolves when more can be sent; `undefined`: now. Where there is no such thing, only the window of main.ts holds the publisher up. */
  busy?(): Promise<void> | undefined
}

/** `receive` is called with every message, its dates being dates. */
export type Open = (setup: Setup, receive: (message: Message) => void) => Promise<Contestant>

/** A socket with more than this waiting is busy. */
export const highWaterBytes = 1024 * 1024
