import { DDPError } from '@ddp-cluster/ddp-common'
import { expect, it } from 'vitest'
import type { CallOutcome, InstanceRecord, MemberView } from '@ddp-cluster/instance-status'
import { Matrix, type MatrixView } from './matrix.js'
import type { ClusterState } from './options.js'

const record = { _id: 'self', _updatedAt: new Date(2000), extraInformation: { host: 'h', port: '1' }, name: 'app', pid: 7 } as unknown as InstanceRecord
const member: MemberView = { id: 'peer', status: 'suspect', reason: 'gone quiet', since: new Date(0), record: undefined, link: undefined }

function matrix(outcomes: readonly unknown[]): { matrix: Matrix; offered: () => unknown; asked: () => number } {
  let offer: () => unknown = () => undefined
  let asked = 0
  const cluster = {
    id: 'self',
    self: { id: 'self', record, registry: 'reachable', unreachableBy: [] },
    members: () => [member],
    statistics: () => ({ heartbeat: { ageMs: 1, durationMs: 1 }, log: {}, events: {}, bytes: {}, authorizationFailures: 0, peers: [{ id: 'peer', sent: 1, unsent: 2, received: 3, lost: 4 }] }),
    method: (_: string, handler: () => unknown) => {
      offer = handler
      return () => undefined
    },
    callAll: () => {
      asked += 1
      return Promise.resolve(outcomes as readonly CallOutcome[])
    },
  }
  const made = new Matrix(cluster as unknown as ClusterState)
  return { matrix: made, offered: () => offer(), asked: () => asked }
}

it('offers how this instance sees the others: also one whose record it has not seen, and without a link', () => {
  expect(matrix([]).offered()).toMatchObject({ name: 'app', address: 'h:1', members: [{ id: 'peer', address: '', status: 'suspect', reason: 'gone quiet', log: { sent: 1, unsent: 2, received: 3, lost: 4 } }] })
})

it.each<[what: string, reason: unknown, problem: string, message: string]>([
  ['a code of ours', Object.assign(new Error('no answer'), { code: 'timeout' }), 'timeout', 'no answer'],
  ['an error of the peer', new DDPError(404, 'Method not found'), '404', 'Method not found [404]'],
  ['an error without a code', new Error('odd'), 'failed', 'odd'],
  ['a code that is none', Object.assign(new Error('odd'), { code: {} }), 'failed', 'odd'],
  ['no error at all', 'hunter2', 'failed', 'it failed'],
])('says why who does not answer does not: %s', async (_, reason, problem, message) => {
  const { instances } = await matrix([{ id: 'stranger', status: 'rejected', reason }]).matrix.gather()
  expect(instances).toEqual([{ id: 'stranger', address: '', local: false, ok: false, problem, message }])
})

it('asks once for all who ask within a second', async () => {
  const { matrix: one, asked } = matrix([])
  const views: MatrixView[] = await Promise.all([one.gather(), one.gather()])
  expect([asked(), views[0] === views[1]]).toEqual([1, true])
})
