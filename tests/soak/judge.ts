import { median, slope } from './median.js'
import type { Course, Look } from './samples.js'
import type { Weight } from './weigh.js'

/** How much of one thing one process had, and whether that was kept within bounds. */
export interface Finding {
  readonly process: string
  readonly what: string
  /** The median of the first tenth of what is judged, and of the last. */
  readonly from: number
  readonly to: number
  /** How far the last may be. */
  readonly atMost: number
  /** By least squares over all that is judged; for the reader, not judged. */
  readonly perHour: number
  readonly kept: boolean
}

export interface Verdict {
  /** Looks before this are not judged. */
  readonly judgedFromMs: number
  readonly findings: readonly Finding[]
  readonly violations: readonly string[]
}

/** How much more there may be at the end: a share of what there was, and so much besides. */
interface Bound {
  readonly share: number
  readonly besides: number
}

type Bounds = Readonly<Record<'heap' | 'outside the heap' | 'rss' | 'descriptors' | 'resources', Bound>>

const mib = 1024 * 1024
/** Constant, but that a driver opens another connection when two operations meet, and that a timer more or less runs at the moment of the look. */
const counts = { descriptors: { share: 0, besides: 2 }, resources: { share: 0, besides: 3 } }
const longBounds: Bounds = { heap: { share: 0.05, besides: 0 }, 'outside the heap': { share: 0.05, besides: mib }, rss: { share: 0.1, besides: 8 * mib }, ...counts }
/** A log of events fills for a minute, and code is still being compiled. */
const shortBounds: Bounds = { heap: { share: 0.2, besides: 0 }, 'outside the heap': { share: 0.2, besides: 8 * mib }, rss: { share: 0.25, besides: 16 * mib }, ...counts }

/** What an entry of the oplog may take; the embedded MongoDB keeps the last 100,000, which no soak fills. */
const bytesPerWrite = 512

const warmUpMs = 10 * 60_000
const fewest = 5
const leastOfLoad = 0.95

/**
 * The rule. Looks are judged from the tenth minute on; when the run took less than fifty minutes, from its first fifth on and by wider bounds.
 * Of everything that is weighed, of every process by itself, the median over the last tenth of the judged looks (five at least) may be above that
 * over the first tenth by at most:
 *
 * | | fifty minutes or more | less |
 * |---|---|---|
 * | heap, after a collection | 5 % | 20 % |
 * | outside the heap | 5 % and 1 MiB | 20 % and 8 MiB |
 * | rss | 10 % and 8 MiB | 25 % and 16 MiB |
 * | heap of MongoDB's process | besides, 512 bytes for each write in that time, as it keeps a log of them | the same |
 * | descriptors | 2; of MongoDB's process, 2 for each instance | the same |
 * | resources of each kind (timers, sockets, ...) | 3; of MongoDB's process, 3 for each instance | the same |
 *
 * So a leak shows whose growth over the judged time is more than ten ninths of the bound, and a step that comes before the middle of the last tenth;
 * a peak that goes does not. Besides, at least 95 % of the events that the rate asks for have to have been emitted, and nothing may have been wrong.
 */
export function judge({ plan, looks, wrong }: Course): Verdict {
  const tookMs = looks.at(-1)?.atMs ?? 0
  const judgedFromMs = Math.min(warmUpMs, tookMs / 5)
  const bounds = judgedFromMs < warmUpMs ? shortBounds : longBounds
  const judged = looks.filter(({ atMs }) => atMs >= judgedFromMs)
  if (judged.length < 2 * fewest) return { judgedFromMs, findings: [], violations: [`${judged.length} looks are too few to judge`, ...(wrong ?? [])] }

  const members = Array.from({ length: plan.instances }, (_, index) => weighed(judged, `instance ${index + 1}`, (look) => look.members[index], bounds))
  const perInstance = (bound: Bound): Bound => ({ ...bound, besides: bound.besides * plan.instances })
  const written = (judged.at(-1)?.mongo?.writes ?? 0) - (judged[0]?.mongo?.writes ?? 0)
  const mongo = judged[0]?.mongo ? weighed(judged, 'MongoDB', (look) => look.mongo, { ...bounds, heap: { ...bounds.heap, besides: written * bytesPerWrite }, descriptors: perInstance(bounds.descriptors), resources: perInstance(bounds.resources) }) : []
  const findings = [...members.flat(), ...mongo]
  const emitted = looks.at(-1)?.members.reduce((sum, member) => sum + member.emitted, 0) ?? 0
  const asked = (plan.perSecond * tookMs) / 1000
  return {
    judgedFromMs,
    findings,
    violations: [
      ...findings.filter(({ kept }) => !kept).map(({ process, what, from, to, atMost }) => `${process}: ${what} went from ${Math.round(from)} to ${Math.round(to)}, at most ${Math.round(atMost)} was allowed`),
      ...(emitted < asked * leastOfLoad ? [`${emitted} events were emitted, ${Math.round(asked)} were asked for`] : []),
      ...(wrong ?? ['the run is not over, or was broken off: whether every event arrived is not checked yet']),
    ],
  }
}

function weighed(looks: readonly Look[], process: string, of: (look: Look) => Weight | undefined, bounds: Bounds): Finding[] {
  const finding = (what: string, bound: Bound, amount: (weight: Weight) => number): Finding => {
    const points = looks.flatMap((look) => {
      const weight = of(look)
      return weight ? [[look.atMs, amount(weight)] as const] : []
    })
    const window = Math.max(fewest, Math.floor(points.length / 10))
    const values = points.map(([, value]) => value)
    const [from, to] = [median(values.slice(0, window)), median(values.slice(-window))]
    const atMost = from * (1 + bound.share) + bound.besides
    return { process, what, from, to, atMost, perHour: slope(points) * 3_600_000, kept: to <= atMost }
  }
  const kinds = new Set(looks.flatMap((look) => Object.keys(of(look)?.resources ?? {})))
  return [
    finding('heap', bounds.heap, ({ heapBytes }) => heapBytes),
    finding('outside the heap', bounds['outside the heap'], ({ externalBytes }) => externalBytes),
    finding('rss', bounds.rss, ({ rssBytes }) => rssBytes),
    finding('descriptors', bounds.descriptors, ({ descriptors }) => descriptors),
    ...[...kinds].toSorted().map((kind) => finding(kind, bounds.resources, ({ resources }) => resources[kind] ?? 0)),
  ]
}
