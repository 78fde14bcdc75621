import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { Gap } from '@ddp-cluster/instance-status'
import { Fleet, linked, until } from '../cluster/fleet.js'
import { RawPeer } from '../cluster/raw-peer.js'
import { compromisedPeer } from './compromised-peer.js'

/** Numbers that a peer with the secret makes up for another: once the liar is gone, nothing of them remains. */

const secret = 'the secret that the whole cluster has'

let fleet: Fleet
beforeEach(async () => {
  fleet = await Fleet.open()
})
afterEach(() => fleet.close())

describe('a forged goodbye', () => {
  it.each([0, 100, 1e9, Number.MAX_SAFE_INTEGER])('with the last number %d leaves nobody deaf to the real instance', async (head) => {
    const [reader, speaker] = await Promise.all([fleet.join({ secret }), fleet.join({ secret })])
    await linked([reader, speaker])
    const heard: unknown[] = []
    reader.stream('room').on('message', (text) => void heard.push(text))
    await reader.stream('room').ready()
    speaker.stream('room').emit('message', 'before')
    await until(() => heard.length === 1, 5000)
    const liar = await RawPeer.prove(reader, { secret, id: speaker.id, attempt: 1_000_000 })
    await liar.connection.call('cluster.goodbye', [{ head }]).catch(() => undefined)
    liar.connection.close()
    await linked([reader, speaker], 15_000)
    for (let count = 0; count < 5; count += 1) speaker.stream('room').emit('message', count)
    await until(() => heard.length >= 6, 5000, () => heard)
    expect(heard).toEqual(['before', 0, 1, 2, 3, 4])
    expect(await speaker.flush()).toEqual({ reached: [reader.id], missed: [] })
    expect(reader.statistics().events.lost).toBeLessThan(2 ** 41)
  })
})

describe('a peer that refuses to go on after the number that was read', () => {
  it('is subscribed to anew, and what may be lost is told', async () => {
    const cluster = await fleet.join({ secret })
    const gaps: Gap[] = []
    const heard: unknown[] = []
    cluster.on('gap', (gap) => gaps.push(gap))
    cluster.stream('room').on('message', (text) => void heard.push(text))
    const asked: unknown[] = []
    const peer = await compromisedPeer(fleet, secret, ({ msg, id, params }) => {
      if (msg !== 'sub') return undefined
      asked.push(params?.[0]?.['after'])
      return params?.[0]?.['after'] === undefined ? { msg: 'ready', subs: [id] } : { msg: 'nosub', id, error: { error: 'beyond-head', reason: 'nothing after 3 has been emitted here' } }
    })
    const say = (id: string, fields: object): void => peer.say({ msg: 'changed', collection: 'cluster.broadcast', id, fields })
    const isLinked = (): boolean => cluster.members()[0]?.link?.authorized === true
    await until(isLinked, 5000, () => cluster.members())
    say('1', { from: 1 })
    say('1', { after: 0, last: 1_000_000, events: [0, 'room', 'message', ['a lie']] })
    await until(() => heard.length === 1, 5000)
    peer.hangUp()
    await until(() => asked.length === 3 && isLinked(), 15_000, () => asked)
    say('4', { from: 4 })
    say('4', { after: 3, last: 4, events: [0, 'room', 'message', ['the truth']] })
    await until(() => heard.length === 2, 5000, () => heard)
    expect(asked).toEqual([undefined, 1_000_000, undefined])
    expect(heard).toEqual(['a lie', 'the truth'])
    expect(gaps).toEqual([{ from: peer.id, after: 0, lost: 3, exact: false }])
  })
})
