import type { InstanceRecord } from './record.js'

/** A record for tests: of instance `id`, registered and renewed at these seconds of database time. */
export function testRecord(id: string, { createdAt = 0, updatedAt = createdAt, url = `ws://${id}:3000/websocket`, expireAfterMs = 60_000 } = {}): InstanceRecord {
  return {
    _id: id,
    _createdAt: new Date(createdAt * 1000),
    _updatedAt: new Date(updatedAt * 1000),
    extraInformation: { host: id, port: '3000' },
    name: 'test',
    pid: 1,
    cluster: { protocol: 1, expireAfterMs, url },
  }
}
