import type { Cluster, InstanceRecord, LinkStatus, MemberView } from '@ddp-cluster/instance-status'

/** What `GET /api/v1/instances.get` shows of a record: these keys, in this order. */
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

/** The answer of Rocket.Chat 3.10: keys, their order and their types are the contract. */
export interface InstancesView {
  readonly instances: {
    readonly current: { readonly instanceRecord: readonly ShownRecord[] }
    readonly connections: readonly ShownConnection[]
  }
  readonly success: true
}

/**
 * This instance's record and the links that it dialled. The records are as read from MongoDB just now; one of a peer that is missing
 * there is shown as it was last seen. An instance whose record was lost, and not yet written again, shows none.
 */
export function instancesView(cluster: Pick<Cluster, 'id' | 'members'>, records: readonly InstanceRecord[]): InstancesView {
  const current = new Map(records.map((record) => [record._id, record]))
  const own = current.get(cluster.id)
  const connections = cluster.members().flatMap((member) => connectionOf(member, current.get(member.id) ?? member.record))
  return { instances: { current: { instanceRecord: own ? [shown(own)] : [] }, connections }, success: true }
}

/** A peer that proved itself before its record was seen has nothing to show yet. */
function connectionOf({ link }: MemberView, record: InstanceRecord | undefined): ShownConnection[] {
  if (!record || !link) return []
  return [{ address: addressOf(record), currentStatus: { ...link.currentStatus }, instanceRecord: shown(record), broadcastAuth: link.authorized }]
}

/** A record as it is shown: `cluster` is nobody's business. */
export function shown({ _id, _createdAt, _updatedAt, extraInformation, name, pid }: InstanceRecord): ShownRecord {
  return { _id, _createdAt: _createdAt.toISOString(), _updatedAt: _updatedAt.toISOString(), extraInformation: { ...extraInformation }, name, pid }
}

export function addressOf({ extraInformation: { host, port } }: InstanceRecord): string {
  return `${host}:${port}`
}
