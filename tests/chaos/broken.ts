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
    case 'lost replay': {
      // Who comes back after a cut begins at the head, and is not told.
      const { attach } = Pump.prototype
      Pump.prototype.attach = function (peerId, connection, interest) {
        attach.call(this, peerId, connection, interest)
      }
      return
    }
    case 'duplicate':
      return changeEvents((events) => [...events, ...events.slice(-1)])
    case 'swapped order':
      return changeEvents((events) => [...events].reverse())
    case 'two holders': {
      let last: number | undefined
      const { get } = Object.getOwnPropertyDescriptor(LeaseKeeper.prototype, 'token') ?? {}
      Object.defineProperty(LeaseKeeper.prototype, 'token', {
        // Whoever held it once goes on.
        get(this: LeaseKeeper): number | undefined {
          return (last = (get?.call(this) as number | undefined) ?? last)
        },
      })
      return
    }
    case 'early left': {
      const { happened } = Members.prototype
      Members.prototype.happened = function (happening) {
        happened.call(this, happening.type === 'outboundDown' ? { type: 'goodbye', id: happening.id } : happening)
      }
    }
  }
}

function changeEvents(change: <T>(events: readonly T[]) => readonly T[]): void {
  const { receive } = Reader.prototype
  let frames = 0
  Reader.prototype.receive = function (senderId, frame) {
    const received = receive.call(this, senderId, frame)
    // Not always, or everything would stand out.
    return (frames += 1) % 20 === 0 || received.events.length > 1 ? { ...received, events: change(received.events) } : received
  }
}
