/** Where the server's time comes from. A test hands in its own to move `$$NOW` and the expiry of TTL indexes. */
export interface EmbeddedClock {
  /** Milliseconds since the epoch: `$$NOW`, `$currentDate`, TTL and the seconds of operation times. */
  now(): number
}

export const wallClock: EmbeddedClock = { now: () => Date.now() }
