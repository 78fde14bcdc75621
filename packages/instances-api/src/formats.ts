import type { InstanceRecord, MemberView } from '@ddp-cluster/instance-status'
import { addressOf, type InstancesView, instancesView, shown, type ShownRecord } from './instances-view.js'
import type { ClusterState, Format } from './options.js'

interface FlatInstance extends ShownRecord {
  /** None for the instance that answers. */
  readonly connection?: { readonly address: string; readonly currentStatus: object; readonly broadcastAuth: boolean }
}

/** Answer of `instances.get` in the format of Rocket.Chat 4. */
export interface FlatView {
  /** All records, each with the link to its instance. */
  readonly instances: readonly FlatInstance[]
  /** Whether the request succeeded. */
  readonly success: true
}

interface NodeInstance {
  readonly address: string
  /** `lastHeartbeatTime`: of the record, in milliseconds since the epoch, by MongoDB's clock. */
  readonly currentStatus: { readonly connected: boolean; readonly lastHeartbeatTime: number; readonly local: boolean }
  readonly instanceRecord: ShownRecord
  readonly broadcastAuth: boolean
}

/** Answer of `instances.get` in the format of Rocket.Chat 6. */
export interface NodesView {
  /** All instances, each by its address. */
  readonly instances: readonly NodeInstance[]
  /** Whether the request succeeded. */
  readonly success: true
}

export type AnyView = InstancesView | FlatView | NodesView

export function view(format: Format, cluster: Pick<ClusterState, 'id' | 'members'>, records: readonly InstanceRecord[]): AnyView {
  if (format === '3.10') return instancesView(cluster, records)
  const members = new Map(cluster.members().map((member) => [member.id, member]))
  const known = new Map([...members.values()].flatMap(({ id, record }) => (record ? [[id, record] as const] : [])))
  for (const record of records) if (record._id === cluster.id || members.has(record._id)) known.set(record._id, record)
  const instances = [...known.values()].sort((a, b) => a._createdAt.getTime() - b._createdAt.getTime())
  if (format === '4') return { instances: instances.map((record) => flat(record, members.get(record._id))), success: true }
  return { instances: instances.map((record) => node(record, members.get(record._id))), success: true }
}

function flat(record: InstanceRecord, member: MemberView | undefined): FlatInstance {
  if (!member?.link) return shown(record)
  return { ...shown(record), connection: { address: addressOf(record), currentStatus: { ...member.link.currentStatus }, broadcastAuth: member.link.authorized } }
}

/** Without a member it is the instance that answers: it is connected to itself, and known to itself. */
function node(record: InstanceRecord, member: MemberView | undefined): NodeInstance {
  const connected = member ? member.link?.currentStatus.connected === true : true
  const currentStatus = { connected, lastHeartbeatTime: record._updatedAt.getTime(), local: member === undefined }
  return { address: addressOf(record), currentStatus, instanceRecord: shown(record), broadcastAuth: member ? member.link?.authorized === true : true }
}
