import { silentLogger } from '@ddp-cluster/ddp-common'
import { describe, expect, it } from 'vitest'
import { RateLimiter } from '../rate-limiter.js'
import { Registry } from './registry.js'
import { Session, type SessionEffect, type SessionMessage } from './session.js'

/** A session is a value that is told things: no socket, timer or promise is needed to look at it. */
function newSession(): { session: Session; registry: Registry } {
  const registry = new Registry()
  registry.addMethod('m', () => undefined)
  registry.addPublication('p', () => undefined)
  const session = new Session({ id: 's', clientAddress: 'here', registry, rateLimiter: new RateLimiter(silentLogger), limits: { maxQueuedMessages: 2, maxSubscriptions: 2, maxBufferedBytes: 1000 } })
  return { session, registry }
}

const callOf = (effects: readonly SessionEffect[] | undefined): Extract<SessionEffect, { kind: 'call' }>['call'] => {
  const effect = effects?.[0]
  if (effect?.kind !== 'call') throw new Error(`no call: ${JSON.stringify(effects)}`)
  return effect.call
}
const startedBy = (effects: readonly SessionEffect[] | undefined): Extract<SessionEffect, { kind: 'start' }>['subscription'] => {
  const effect = effects?.find(({ kind }) => kind === 'start')
  if (effect?.kind !== 'start') throw new Error(`no start: ${JSON.stringify(effects)}`)
  return effect.subscription
}

describe('a session', () => {
  it('begins one message at a time and tells of finished methods once', () => {
    const { session } = newSession()
    expect(session.receive({ msg: 'method', method: 'm', id: '1' }, 0)).toEqual([])
    session.receive({ msg: 'method', method: 'm', id: '2' }, 0)
    const first = callOf(session.next(0))
    expect(session.next(0)).toBeUndefined()
    expect(session.isFull).toBe(true)
    expect(session.methodEnded(first, { result: 7 })).toEqual({ msg: 'result', id: '1', result: 7 })
    const second = callOf(session.next(0))
    expect(session.unblock(second)).toBe(true)
    expect(session.unblock(second)).toBe(false)
    session.methodEnded(second, { result: undefined })
    expect(session.takeUpdated()).toEqual({ msg: 'updated', methods: ['1', '2'] })
    expect(session.takeUpdated()).toBeUndefined()
    expect([session.isFull, session.hasRoom]).toEqual([false, true])
  })

  it('answers a ping at any time', () => {
    const { session } = newSession()
    expect(session.receive({ msg: 'ping', id: 'x' }, 0)).toEqual([{ kind: 'send', message: { msg: 'pong', id: 'x' } }])
    expect(session.receive({ msg: 'pong' }, 0)).toEqual([])
  })

  it('passes over once what was asked for before the loss of a socket, whether it waits or is at work', () => {
    const { session } = newSession()
    const method = (id: string): void => { session.receive({ msg: 'method', method: 'm', id }, 0) }
    for (const id of ['ended', 'working', 'waiting']) method(id)
    session.methodEnded(callOf(session.next(0)), { result: 1 })
    const working = callOf(session.next(0))
    session.expectRepetition()
    // The result went out before the loss, and was received: without it the client could not resume.
    for (const id of ['working', 'waiting', 'new', 'ended']) method(id)
    session.methodEnded(working, { result: 2 })
    const begun: string[] = []
    for (let effects = session.next(0); effects !== undefined; effects = session.next(0)) {
      const call = callOf(effects)
      begun.push(call.id)
      session.methodEnded(call, { result: 3 })
    }
    expect(begun).toEqual(['waiting', 'new', 'ended'])
  })

  it('takes nothing for a repetition behind a message of its kind that is none', () => {
    const { session } = newSession()
    const receive = (...messages: SessionMessage[]): void => { for (const message of messages) session.receive(message, 0) }
    const sub = (id: string): SessionMessage => ({ msg: 'sub', id, name: 'none' })
    const method = (id: string): SessionMessage => ({ msg: 'method', id, method: 'none' })
    const answered = (): unknown[] => {
      const ids: unknown[] = []
      for (let effects = session.next(0); effects !== undefined; effects = session.next(0)) {
        for (const effect of effects) if (effect.kind === 'send' && 'id' in effect.message) ids.push(effect.message.id)
      }
      return ids
    }
    receive(method('1'), method('2'), sub('s'), sub('t'))
    session.expectRepetition()
    // Meteor's client says all methods, the new ones last, and then all subscriptions.
    receive(method('1'), method('new'), sub('s'), sub('t'), sub('u'))
    expect(answered()).toEqual(['1', '2', 's', 't', 'new', 'u'])
    receive(method('2'), sub('s'))
    expect(answered()).toEqual(['2', 's'])
  })

  it('takes nothing for a repetition once the client has answered a ping of the new socket', () => {
    const { session } = newSession()
    const method = { msg: 'method', id: '1', method: 'none' } as const
    session.receive(method, 0)
    session.expectRepetition()
    session.next(0)
    session.receive({ msg: 'pong' }, 0)
    session.receive(method, 0)
    expect(session.next(0)).toBeDefined()
  })

  it('expects no repetition of ids that are too long to be kept', () => {
    const { session } = newSession()
    expect(session.expectRepetition()).toBe(true)
    session.receive({ msg: 'method', id: 'x'.repeat(100), method: 'm' }, 0)
    expect(session.expectRepetition()).toBe(true)
    session.receive({ msg: 'method', id: 'x'.repeat(101), method: 'm' }, 0)
    expect(session.expectRepetition()).toBe(false)
    const other = newSession().session
    other.receive({ msg: 'sub', id: 'x'.repeat(101), name: 'p' }, 0)
    expect(other.expectRepetition()).toBe(false)
    other.next(0)
    expect(other.expectRepetition()).toBe(false)
  })

  it('hears again a subscription that was ended in between', () => {
    const { session } = newSession()
    session.receive({ msg: 'sub', id: 's', name: 'p' }, 0)
    const first = startedBy(session.next(0))
    session.publicationReturned(first)
    session.expectRepetition()
    session.receive({ msg: 'unsub', id: 's' }, 0)
    session.receive({ msg: 'sub', id: 's', name: 'p' }, 0)
    expect(session.next(0)).toMatchObject([{ kind: 'stop' }, { kind: 'send', message: { msg: 'nosub', id: 's' } }])
    expect(startedBy(session.next(0))).not.toBe(first)
  })

  it('frees a slot for a subscription that has stopped', () => {
    const { session } = newSession()
    const start = (id: string): readonly SessionEffect[] | undefined => {
      session.receive({ msg: 'sub', id, name: 'p' }, 0)
      const effects = session.next(0)
      if (effects?.[0]?.kind === 'start') session.publicationReturned(effects[0].subscription)
      return effects
    }
    const first = startedBy(start('1'))
    start('2')
    expect(start('3')).toMatchObject([{ kind: 'send', message: { msg: 'nosub', id: '3', error: { error: 'too-many-subscriptions' } } }])
    session.stop(first)
    startedBy(start('4'))
  })

  it('compares merged collections when the user changes, field by field', () => {
    const { session } = newSession()
    session.receive({ msg: 'sub', id: '1', name: 'p' }, 0)
    const before = startedBy(session.next(0))
    session.publicationReturned(before)
    session.published.added(before, 'c', 'same', { a: 1, nested: { at: new Date(5) } })
    session.published.added(before, 'c', 'differs', { a: 1, gone: true })
    session.published.added(before, 'c', 'leaves', { a: 1 })
    session.published.added(before, 'other', 'leaves too', {})
    const { effects, restarted } = session.beginUserChange('anna')
    expect(effects.map(({ kind }) => kind)).toEqual(['stop', 'start'])
    const after = restarted[0] ?? before
    expect(after.userId).toBe('anna')
    expect(session.published.added(after, 'c', 'comes', { b: 2 })).toBeUndefined()
    expect(session.published.added(after, 'c', 'same', { a: 1, nested: { at: new Date(5) } })).toBeUndefined()
    expect(session.published.added(after, 'c', 'differs', { a: 2 })).toBeUndefined()
    expect(session.ready(after)).toBeUndefined()
    expect(session.endUserChange().map((effect) => (effect.kind === 'send' ? effect.message : effect))).toEqual([
      { msg: 'removed', collection: 'c', id: 'leaves' },
      { msg: 'added', collection: 'c', id: 'comes', fields: { b: 2 } },
      { msg: 'changed', collection: 'c', id: 'differs', cleared: ['gone'], fields: { a: 2 } },
      { msg: 'removed', collection: 'other', id: 'leaves too' },
      { msg: 'ready', subs: ['1'] },
    ])
  })

  it('starts the subscriptions of a released handler over with the next one, and leaves the others alone', () => {
    const { session, registry } = newSession()
    const released = (): void => undefined
    registry.addPublication('lent', released)
    const [kept, old] = ['p', 'lent'].map((name) => {
      session.receive({ msg: 'sub', id: name, name }, 0)
      const subscription = startedBy(session.next(0))
      session.publicationReturned(subscription)
      session.published.added(subscription, 'c', name, {})
      return subscription
    })
    registry.release(released)
    const next = (): void => undefined
    expect(registry.addPublication('lent', next)).toBe(released)
    const effects = session.replacePublication(released, next)
    expect(effects).toMatchObject([{ kind: 'send', message: { msg: 'removed', collection: 'c', id: 'lent' } }, { kind: 'stop', subscription: old }, { kind: 'start' }])
    const again = startedBy(effects)
    expect([again.handler, again.id, old?.state, kept?.state]).toEqual([next, 'lent', 'stopped', 'starting'])
    expect(session.ready(again)).toEqual({ msg: 'ready', subs: ['lent'] })
    session.publicationReturned(again)
    expect(session.hasRoom).toBe(true)
    session.receive({ msg: 'unsub', id: 'lent' }, 0)
    expect(session.next(0)).toMatchObject([{ kind: 'stop', subscription: again }, { kind: 'send', message: { msg: 'nosub', id: 'lent' } }])
  })

  it('stops everything at its end and sends nothing', () => {
    const { session } = newSession()
    session.receive({ msg: 'sub', id: '1', name: 'p' }, 0)
    startedBy(session.next(0))
    session.startUniversal([() => undefined])
    session.receive({ msg: 'method', method: 'm', id: '1' }, 0)
    expect(session.end().map(({ kind }) => kind)).toEqual(['stop', 'stop'])
    expect(session.next(0)).toBeUndefined()
    expect(session.end()).toEqual([])
  })

  it('takes names for no more than names', () => {
    const { session } = newSession()
    for (const name of ['__proto__', 'constructor', 'toString']) {
      session.receive({ msg: 'method', method: name, id: name }, 0)
      expect(session.next(0)).toMatchObject([{ kind: 'send', message: { msg: 'result', error: { error: 404 } } }])
    }
    session.receive({ msg: 'sub', id: '__proto__', name: 'p' }, 0)
    const subscription = startedBy(session.next(0))
    const hostile = JSON.parse('{"__proto__":{"polluted":true},"a":1}') as Record<string, unknown>
    const message = session.published.added(subscription, '__proto__', '__proto__', hostile)
    expect(JSON.stringify(message)).toBe('{"msg":"added","collection":"__proto__","id":"__proto__","fields":{"__proto__":{"polluted":true},"a":1}}')
    expect(({} as { polluted?: boolean }).polluted).toBeUndefined()
  })
})
