import { addressOf } from './instances-view.js'
import type { ClusterState } from './options.js'
import { linkOf, logOf } from './shapes.js'

export type Fields = Readonly<Record<string, unknown>>

/** The collection `instances`: a document for this instance and for each member whose record is known, by its id. */
export function instanceDocuments(cluster: ClusterState): Map<string, Fields> {
  const heartbeats = new Map(cluster.lastRecords().map(({ _id, _updatedAt }) => [_id, _updatedAt]))
  const statistics = cluster.statistics()
  const logs = new Map(statistics.peers.map((peer) => [peer.id, logOf(peer)]))
  const { record: own, registry } = cluster.self
  const { events, bytes } = statistics
  const documents = new Map<string, Fields>()
  documents.set(cluster.id, {
    local: true,
    ...placeOf(own),
    heartbeatAt: own._updatedAt,
    status: 'self',
    ...(registry === 'lost' && { reason: 'MongoDB does not answer' }),
    since: own._createdAt,
    traffic: { ...events, bytesSent: bytes.sent, bytesReceived: bytes.received },
  })
  for (const member of cluster.members()) {
    const { id, record, status, reason, since } = member
    if (!record) continue
    const link = linkOf(member)
    const log = logs.get(id)
    const heartbeatAt = later(heartbeats.get(id), record._updatedAt)
    documents.set(id, { local: false, ...placeOf(record), heartbeatAt, status, ...(reason !== undefined && { reason }), since, ...(link && { link }), ...(log && { log }) })
  }
  return documents
}

/** Fields that move all the time: told at most once a second. */
const figures = ['heartbeatAt', 'log', 'traffic'] as const

/** The document with the figures that it had. */
export function withFiguresOf(before: Fields | undefined, after: Fields): Fields {
  if (!before) return after
  const kept = Object.fromEntries(figures.flatMap((key) => (key in before ? [[key, before[key]]] : [])))
  return { ...after, ...kept }
}

function placeOf(record: ClusterState['self']['record']): Fields {
  return { name: record.name, pid: record.pid, address: addressOf(record), registeredAt: record._createdAt }
}

function later(one: Date | undefined, other: Date): Date {
  return one && one > other ? one : other
}
