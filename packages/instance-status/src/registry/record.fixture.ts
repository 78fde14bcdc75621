import type { InstanceRecord } from './record.js'

interface Particulars {
  readonly createdAt?: number
  readonly updatedAt?: number
  readonly url?: string
}

/** A record for tests: of instance `id`, registered and renewed at these seconds of database time. */
export function testRecord(id: string, particulars: Particulars = {}): InstanceRecord {
  const { createdAt = 0, updatedAt = createdAt, url = `ws://${id}:3000/websocket` } = particulars
  return {
    _id: id,
    _createdAt: new Date(createdAt * 1000),
    _updatedAt: new Date(updatedAt * 1000),
    extraInformation: { host: id, port: '3000' },
    name: 'test',
    pid: 1,
    cluster: { protocol: 1, expireAfterMs: 60_000, url },
  }
}
