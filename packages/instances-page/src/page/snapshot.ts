import { toHappening, type Happening } from './happening.js'
import { toInstance, type Instance } from './instance.js'

type Documents = Iterable<Readonly<Record<string, unknown>> & { readonly _id: unknown }>

/** The cluster at one moment, as the instance that shows the page sees it. */
export interface Snapshot {
  /** In the order of their registration. */
  readonly instances: readonly Instance[]
  /** The latest first. */
  readonly happenings: readonly Happening[]
}

export function readSnapshot(instances: Documents, timeline: Documents): Snapshot {
  return {
    instances: [...instances].map(toInstance).toSorted((a, b) => timeOf(a) - timeOf(b) || compare(a.id, b.id)),
    happenings: [...timeline].flatMap((document) => toHappening(document) ?? []).toSorted((a, b) => b.number - a.number),
  }
}

export function localOf({ instances }: Snapshot): Instance | undefined {
  return instances.find(({ local }) => local)
}

const timeOf = ({ registeredAt }: Instance): number => registeredAt?.getTime() ?? Number.MAX_SAFE_INTEGER
const compare = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0)
