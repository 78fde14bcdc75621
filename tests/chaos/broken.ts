// Ways to break the library on purpose, so that it can be seen that the checker notices.
import { Pump } from '../../packages/instance-status/src/broadcast/pump.js'
import { Reader } from '../../packages/instance-status/src/broadcast/reader.js'
import { LeaseKeeper } from '../../packages/instance-status/src/leases/lease.js'
import { Members } from '../../packages/instance-status/src/members.js'

export const breakages = ['lost replay', 'duplicate', 'swapped order', 'two holders', 'early left'] as const
export type Breakage = (typeof breakages)[number]

/** Breaks this process' copy. */
export function breakOnPurpose(breakage: Breakage): void {
  switch (breakage) {
    case 'lost replay':
      // Who comes back after a cut begins at the head, and is not told.
      return replace(Pump.prototype, 'attach', (attach) => function (this: Pump, peerId, connection, interest) {
        attach.call(this, peerId, connection, interest)
      })
    case 'duplicate':
      return changeEvents((events) => [...events, ...events.slice(-1)])
    case 'swapped order':
      return changeEvents((events) => [...events].reverse())
    case 'two holders': {
      // Whoever held it once goes on.
      const token = Object.getOwnPropertyDescriptor(LeaseKeeper.prototype, 'token')
      const last = new WeakMap<LeaseKeeper, number>()
      Object.defineProperty(LeaseKeeper.prototype, 'token', {
        get(this: LeaseKeeper): number | undefined {
          const held = token?.get?.call(this) as number | undefined
          if (held !== undefined) last.set(this, held)
          return last.get(this)
        },
      })
      return
    }
    case 'early left':
      return replace(Members.prototype, 'happened', (happened) => function (this: Members, happening) {
        happened.call(this, happening.type === 'outboundDown' ? { type: 'goodbye', id: happening.id } : happening)
      })
  }
}

function changeEvents(change: <T>(events: readonly T[]) => readonly T[]): void {
  let frames = 0
  replace(Reader.prototype, 'receive', (receive) => function (this: Reader, senderId, frame) {
    const received = receive.call(this, senderId, frame)
    // Not always, or everything would stand out.
    return (frames += 1) % 20 === 0 || received.events.length > 1 ? { ...received, events: change(received.events) } : received
  })
}

function replace<T, K extends keyof T>(prototype: T, name: K, by: (original: T[K]) => T[K]): void {
  prototype[name] = by(prototype[name])
}
