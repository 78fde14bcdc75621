import { dateOf, listOf, type Loose, numberOf, objectOf, textOf } from './loose.js'

/** How one instance sees another. */
export interface Sight {
  readonly id: string
  readonly address: string
  readonly status: string
  readonly reason: string | undefined
  readonly since: Date | undefined
  readonly roundTripMs: number | undefined
  /** Events of it that never came here. */
  readonly lost: number
}

/** Row of the matrix: the view of an instance, or the reason why it is missing. */
export type Observer =
  | {
      readonly id: string
      readonly address: string
      readonly name: string
      readonly ok: true
      /** The one that was asked. */
      readonly local: boolean
      readonly registry: string
      readonly heartbeatAgeMs: number | undefined
      readonly unreachableBy: readonly { readonly id: string; readonly reason: string }[]
      readonly members: readonly Sight[]
    }
  | { readonly id: string; readonly address: string; readonly ok: false; readonly problem: string; readonly message: string }

/** The problem of an instance that does not offer what it sees: it does not use `instancesApi()`, which is its right. */
export const withoutView = '404'

export interface Matrix {
  /** By the clock of the instance that was asked. */
  readonly at: Date | undefined
  readonly observers: readonly Observer[]
}

/** The answer of `instances.matrix`; undefined when it is none. */
export function matrixOf(body: unknown): Matrix | undefined {
  const { at, instances } = objectOf(body)
  if (!Array.isArray(instances)) return undefined
  return { at: dateOf(at), observers: listOf(instances).map((item) => observerOf(objectOf(item))) }
}

function observerOf(item: Loose): Observer {
  const id = textOf(item['id']) ?? '?'
  const address = textOf(item['address']) ?? ''
  if (item['ok'] !== true) return { id, address, ok: false, problem: textOf(item['problem']) ?? 'unknown', message: textOf(item['message']) ?? '' }
  const { registry, heartbeatAgeMs, unreachableBy } = objectOf(item['self'])
  return {
    id,
    address,
    name: textOf(item['name']) ?? '',
    ok: true,
    local: item['local'] === true,
    registry: textOf(registry) ?? 'unknown',
    heartbeatAgeMs: numberOf(heartbeatAgeMs),
    unreachableBy: listOf(unreachableBy).map((entry) => ({ id: textOf(objectOf(entry)['id']) ?? '?', reason: textOf(objectOf(entry)['reason']) ?? '' })),
    members: listOf(item['members']).map((member) => sightOf(objectOf(member))),
  }
}

function sightOf(member: Loose): Sight {
  return {
    id: textOf(member['id']) ?? '?',
    address: textOf(member['address']) ?? '',
    status: textOf(member['status']) ?? 'unknown',
    reason: textOf(member['reason']),
    since: dateOf(member['since']),
    roundTripMs: numberOf(objectOf(member['link'])['roundTripMs']),
    lost: numberOf(objectOf(member['log'])['lost']) ?? 0,
  }
}
