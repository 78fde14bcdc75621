import { isObject, type Status, text } from './instance.js'

/** How one instance sees another. */
export interface Sight {
  readonly id: string
  readonly address: string
  readonly status: Status | 'unknown'
  readonly reason: string | undefined
}

/** View of one instance on the others. */
export interface View {
  readonly id: string
  readonly address: string
  readonly sees: readonly Sight[]
}

/** Makes views of what `instances.matrix` answered; an instance that did not answer has none. */
export function toViews(body: unknown): readonly View[] {
  const instances = isObject(body) && Array.isArray(body['instances']) ? body['instances'].filter(isObject) : []
  return instances.flatMap((instance) => {
    const id = text(instance['id'])
    if (id === undefined || instance['ok'] !== true || !Array.isArray(instance['members'])) return []
    return [{ id, address: text(instance['address']) ?? id, sees: instance['members'].filter(isObject).flatMap(toSight) }]
  })
}

const statuses: ReadonlySet<unknown> = new Set<Status>(['joining', 'alive', 'suspect'])

function toSight(member: Readonly<Record<string, unknown>>): Sight[] {
  const id = text(member['id'])
  if (id === undefined) return []
  return [{ id, address: text(member['address']) ?? id, status: statuses.has(member['status']) ? (member['status'] as Status) : 'unknown', reason: text(member['reason']) }]
}
