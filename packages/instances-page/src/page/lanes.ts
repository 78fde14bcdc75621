import type { Happening, HappeningType } from './happening.js'
import type { Instance, Status } from './instance.js'
import type { Snapshot } from './snapshot.js'

/** Time that the lanes show at most; less while the cluster is young. */
export const lanesReachMs = 10 * 60_000
const reaches = [1, 2, 5, 10].map((minutes) => minutes * 60_000)

/** More lanes than this would be stripes. */
const mostLanes = 20

export interface Stretch {
  readonly from: number
  readonly to: number
  readonly status: Exclude<Status, 'self'>
}

/** The life of one instance in the last ten minutes. */
export interface Lane {
  readonly id: string
  readonly address: string
  readonly stretches: readonly Stretch[]
  /** When it left, if it has. */
  readonly leftAt: number | undefined
}

const after: Partial<Record<HappeningType, Stretch['status'] | 'gone'>> = { joined: 'alive', recovered: 'alive', suspected: 'suspect', left: 'gone' }
const before: Partial<Record<HappeningType, Stretch['status']>> = { joined: 'joining', recovered: 'suspect', suspected: 'alive', left: 'alive' }

/** How far back to draw, so that all there is fills the width. */
export function reachOf(lanes: readonly Lane[], now: number): number {
  const oldest = Math.max(0, ...lanes.flatMap(({ stretches }) => stretches.map(({ from }) => now - from)))
  return reaches.find((reach) => oldest <= reach) ?? lanesReachMs
}

/** A lane for each instance, and for each that left; of too many those to which something happened come first. */
export function lanesOf({ instances, happenings }: Snapshot, now: number): readonly Lane[] {
  const start = now - lanesReachMs
  const lives = new Map<string, Happening[]>()
  for (const happening of happenings) {
    if (happening.instance === undefined || !(happening.type in after)) continue
    lives.set(happening.instance, [happening, ...(lives.get(happening.instance) ?? [])])
  }
  const present = instances.map((instance) => laneOf(instance.id, instance, lives.get(instance.id) ?? [], start, now))
  const departed = [...lives].filter(([id]) => !instances.some((instance) => instance.id === id)).map(([id, life]) => laneOf(id, undefined, life, start, now))
  const lanes = [...present, ...departed.toReversed()].filter(({ stretches }) => stretches.length > 0)
  if (lanes.length <= mostLanes) return lanes
  const eventful = new Set(lanes.toSorted((a, b) => interest(b) - interest(a)).slice(0, mostLanes))
  return lanes.filter((lane) => eventful.has(lane))
}

function laneOf(id: string, instance: Instance | undefined, life: readonly Happening[], start: number, now: number): Lane {
  const [first] = life
  const stretches: Stretch[] = []
  let status: Stretch['status'] | 'gone' = (first && before[first.type]) ?? statusOf(instance)
  let from = Math.max(start, instance?.registeredAt?.getTime() ?? (first?.type === 'joined' ? first.at.getTime() : start))
  const until = (to: number): void => {
    if (status !== 'gone' && to > from) stretches.push({ from, to, status })
    from = Math.max(from, to)
  }
  for (const { type, at } of life) {
    until(at.getTime())
    status = after[type] ?? status
  }
  if (instance) status = statusOf(instance)
  until(now)
  const last = life.at(-1)
  return { id, address: instance?.address ?? last?.address ?? id, stretches, leftAt: last?.type === 'left' && !instance ? last.at.getTime() : undefined }
}

function statusOf(instance: Instance | undefined): Stretch['status'] {
  return !instance || instance.status === 'self' ? 'alive' : instance.status
}

const interest = ({ stretches, leftAt }: Lane): number => stretches.length + (leftAt === undefined ? 0 : 2) + (stretches.at(-1)?.status === 'suspect' ? 5 : 0)
