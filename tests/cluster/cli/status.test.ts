import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { Cluster } from '@ddp-cluster/instance-status'
import { Fleet, linked } from '../fleet.js'
import { ask, askInTerminal, run, screenLines, strayControls } from './terminal.js'

let fleet: Fleet
let clusters: Cluster[]
beforeEach(async () => {
  fleet = await Fleet.open()
  clusters = await Promise.all([fleet.join(), fleet.join(), fleet.join()])
  await linked(clusters)
})
afterEach(() => fleet.close())

const env = (): Record<string, string> => ({ MONGO_URL: fleet.url })
const records = () => fleet.db.collection<{ _id: string }>('instances')
/** Of another name, so that these instances do not remove it, and younger than what the index removes. */
const addStale = async (): Promise<string> => {
  const [record] = await records().find().toArray()
  const _id = 'g'.repeat(17)
  const cluster = { ...(record as unknown as { cluster: object }).cluster, expireAfterMs: 1000 }
  await records().insertOne({ ...record, _id, name: 'other', cluster, _updatedAt: new Date(Date.now() - 5000) } as { _id: string })
  return _id
}

describe('status by the records', () => {
  it('has a row of tabs for each instance when it is piped, and ends with 0 when all is well', async () => {
    const { code, stdout, stderr } = await run(['status'], env())
    const rows = stdout.trimEnd().split('\n').map((row) => row.split('\t'))
    expect(rows[0]).toEqual(['instance', 'status', 'address', 'pid', 'heartbeat', 'name', 'reason'])
    expect(rows.slice(1).map(([id, status, address]) => `${id} ${status} ${address}`).sort()).toEqual(clusters.map(({ id, address }) => `${id} fresh ${address.host}:${address.port}`).sort())
    expect(strayControls(stdout.replaceAll('\t', ' '))).toEqual([])
    expect(stderr).toContain('MongoDB holds records, not links')
    expect(code).toBe(0)
  })

  it('--json gives the same to programs', async () => {
    const { code, stdout, stderr } = await ask(['status', '--json', '--mongo', fleet.url])
    const report = JSON.parse(stdout) as { well: boolean; instances: { id: string; status: string; heartbeatAgeMs: number }[] }
    expect(report.well).toBe(true)
    expect(report.instances.map(({ id }) => id).sort()).toEqual(clusters.map(({ id }) => id).sort())
    for (const { heartbeatAgeMs } of report.instances) expect(heartbeatAgeMs).toBeLessThan(60_000)
    expect([code, stderr]).toEqual([0, ''])
  })

  it('knows a stale record by the database\'s clock, and one that is no record, says why, and ends with 1', async () => {
    const stale = await addStale()
    await records().insertOne({ _id: 'something else' })
    const { code, stdout } = await ask(['status', '--json'], env())
    const { instances } = JSON.parse(stdout) as { instances: { id: string; status: string; reason?: string }[] }
    expect(instances.find(({ id }) => id === stale)).toMatchObject({ status: 'stale', reason: expect.stringMatching(/^not renewed for \d+ s, /) as unknown })
    expect(instances.find(({ id }) => id === 'something else')).toMatchObject({ status: 'foreign' })
    expect(code).toBe(1)
  })

  it('finds no instance in an empty collection: 1, with what may be wrong', async () => {
    const { code, stderr } = await ask(['status', '--collection', 'elsewhere'], env())
    expect(stderr).toMatch(/no instance is registered in \S+\.elsewhere/)
    expect(code).toBe(1)
  })

  it('shows the instances of one name when asked to', async () => {
    const other = await fleet.join({ name: 'other' })
    const { stdout } = await ask(['status', '--json', '--name', 'other'], env())
    expect((JSON.parse(stdout) as { instances: { id: string }[] }).instances.map(({ id }) => id)).toEqual([other.id])
  })
})

describe('status in a terminal', () => {
  it.each([80, 160])('keeps to %i columns, and nothing from the database moves the cursor', async (columns) => {
    const stale = await addStale()
    const hostile = '\u001b[2J\u001b]0;title\u0007\r\n\u202egnp.exe\u2066\u009b31m'
    await records().updateOne({ _id: stale }, { $set: { name: hostile } })
    await records().insertOne({ _id: hostile.repeat(20) })
    const { code, stdout } = await askInTerminal(columns, ['status'], env())
    const lines = screenLines(stdout)
    for (const line of lines) expect(line.length).toBeLessThanOrEqual(columns)
    for (const { id } of clusters) expect(lines.some((line) => line.includes(id) && line.includes('fresh'))).toBe(true)
    expect(stdout).toContain('\u001b[32m')
    expect(strayControls(stdout)).toEqual([])
    expect(lines.join('\n')).toContain('\\u{1b}')
    expect(code).toBe(1)
  })

  it('has no colours where NO_COLOR says so', async () => {
    const { stdout } = await askInTerminal(80, ['status'], { ...env(), NO_COLOR: '1' })
    expect(stdout).not.toContain('\u001b')
    expect(stdout).toContain('3 instances as seen by MongoDB')
  })
})
