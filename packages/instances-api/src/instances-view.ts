import type { Cluster, InstanceRecord, LinkStatus, MemberView } from '@ddp-cluster/instance-status'

/** Record as `GET /api/v1/instances.get` shows it: these keys, in this order. */
export interface ShownRecord {
  readonly _id: string
  readonly _createdAt: string
  readonly _updatedAt: string
  readonly extraInformation: Readonly<Record<string, unknown>>
  readonly name: string
  readonly pid: number
}

interface ShownConnection {
  readonly address: string
  readonly currentStatus: LinkStatus
  readonly instanceRecord: ShownRecord
  readonly broadcastAuth: boolean
}

/** A link as Rocket.Chat 3's DDP method `instances/get` shows it: EJSON carries the dates of the record as dates. */
export interface DatedConnection extends Omit<ShownConnection, 'instanceRecord'> {
  readonly instanceRecord: Omit<ShownRecord, '_createdAt' | '_updatedAt'> & Pick<InstanceRecord, '_createdAt' | '_updatedAt'>
}

/** The answer of Rocket.Chat 3.10: keys, their order and their types are the contract. */
export interface InstancesView {
  /** The answering instance, and its links. */
  readonly instances: {
    readonly current: { readonly instanceRecord: readonly ShownRecord[] }
    readonly connections: readonly ShownConnection[]
  }
  /** Whether the request succeeded. */
  readonly success: true
}

/**
 * View of `instances.get`: this instance's record and the links that it dialled. The records are as read from MongoDB just now; one of a peer that is missing
 * there is shown as it was last seen. An instance whose record was lost, and not yet written again, shows none.
 */
export function instancesView(cluster: Pick<Cluster, 'id' | 'members'>, records: readonly InstanceRecord[]): InstancesView {
  const current = new Map(records.map((record) => [record._id, record]))
  const own = current.get(cluster.id)
  const connections = linksOf(cluster, current).map(([link, record]) => connectionOf(link, record, shown(record)))
  return { instances: { current: { instanceRecord: own ? [shown(own)] : [] }, connections }, success: true }
}

/** The answer of the DDP method `instances/get` in Rocket.Chat 3: the links alone, as `connections` of `instances.get`, with dates. */
export function connectionsView(cluster: Pick<Cluster, 'members'>, records: readonly InstanceRecord[]): readonly DatedConnection[] {
  return linksOf(cluster, new Map(records.map((record) => [record._id, record]))).map(([link, record]) => {
    const { _createdAt, _updatedAt } = record
    return connectionOf(link, record, { ...shown(record), _createdAt, _updatedAt })
  })
}

type Link = NonNullable<MemberView['link']>

/** The links that this instance dialled, with the record of each peer. A peer that proved itself before its record was seen has nothing to show yet. */
function linksOf(cluster: Pick<Cluster, 'members'>, current: ReadonlyMap<string, InstanceRecord>): (readonly [Link, InstanceRecord])[] {
  return cluster.members().flatMap(({ id, link, record: last }) => {
    const record = current.get(id) ?? last
    return link && record ? [[link, record] as const] : []
  })
}

function connectionOf<Shown>(link: Link, record: InstanceRecord, instanceRecord: Shown) {
  return { address: addressOf(record), currentStatus: { ...link.currentStatus }, instanceRecord, broadcastAuth: link.authorized }
}

/** A record as it is shown: `cluster` is nobody's business. */
export function shown({ _id, _createdAt, _updatedAt, extraInformation, name, pid }: InstanceRecord): ShownRecord {
  return { _id, _createdAt: _createdAt.toISOString(), _updatedAt: _updatedAt.toISOString(), extraInformation: { ...extraInformation }, name, pid }
}

export function addressOf({ extraInformation: { host, port } }: InstanceRecord): string {
  return `${host}:${port}`
}
