import { createServer } from 'node:http'
import type { Db } from 'mongodb'
import { describe, expect, it } from 'vitest'
import { type JoinOptions, resolveOptions } from './options.js'

const db = { collection: () => undefined } as unknown as Db
const resolve = (options: Partial<JoinOptions> = {}, env: Record<string, string> = {}) => resolveOptions({ db, name: 'chat', server: createServer(), ...options }, env)
const refused = (options: Partial<JoinOptions>, env?: Record<string, string>): unknown => {
  try {
    return resolve(options, env)
  } catch (error) {
    return error
  }
}

describe('options', () => {
  it('have the documented defaults', () => {
    expect(resolve()).toMatchObject({
      collectionName: 'instances', path: '', heartbeatIntervalMs: 10_000, expireAfterMs: 60_000, linkTimeoutMs: 10_000, authTimeoutMs: 10_000,
      linkHeartbeatIntervalMs: 5000, linkHeartbeatTimeoutMs: 5000, closeTimeoutMs: 5000, secrets: undefined,
    })
  })

  it('come from Rocket.Chat\'s environment variables where none is given, in seconds', () => {
    const env = { MULTIPLE_INSTANCES_COLLECTION_NAME: 'nodes', MULTIPLE_INSTANCES_PING_INTERVAL: '2', MULTIPLE_INSTANCES_EXPIRE: '9', ROOT_URL: 'https://example.com/chat/' }
    expect(resolve({}, env)).toMatchObject({ collectionName: 'nodes', heartbeatIntervalMs: 2000, expireAfterMs: 9000, path: '/chat' })
    expect(resolve({ collectionName: 'mine', heartbeatIntervalMs: 50, expireAfterMs: 150, path: '' }, env)).toMatchObject({ collectionName: 'mine', heartbeatIntervalMs: 50, expireAfterMs: 150, path: '' })
  })

  it.each([[10, 60_000], [20, 60_000], [21, 120_000], [30, 120_000], [60, 180_000], [0.5, 60_000]])('let the expiry follow from an interval of %i s alone, in whole minutes', (interval, expireAfterMs) => {
    expect(resolve({}, { MULTIPLE_INSTANCES_PING_INTERVAL: String(interval) })).toMatchObject({ heartbeatIntervalMs: interval * 1000, expireAfterMs })
    expect(resolve({ heartbeatIntervalMs: interval * 1000 })).toMatchObject({ expireAfterMs })
  })

  it.each([
    [{}, { MULTIPLE_INSTANCES_EXPIRE: '2' }, 'MULTIPLE_INSTANCES_EXPIRE (2000 ms) must be at least three times the default of heartbeatIntervalMs (10000 ms)'],
    [{}, { MULTIPLE_INSTANCES_EXPIRE: '50', MULTIPLE_INSTANCES_PING_INTERVAL: '30' }, 'MULTIPLE_INSTANCES_EXPIRE (50000 ms) must be at least three times the environment variable MULTIPLE_INSTANCES_PING_INTERVAL (30000 ms)'],
    [{ expireAfterMs: 2000, heartbeatIntervalMs: 1000 }, {}, 'expireAfterMs (2000 ms) must be at least three times heartbeatIntervalMs (1000 ms)'],
    [{ heartbeatIntervalMs: 2_000_000_000 }, {}, 'heartbeatIntervalMs must be milliseconds from 1 to 201600000, not 2000000000'],
    [{ expireAfterMs: 604_800_001 }, {}, 'expireAfterMs must be milliseconds from 1 to 604800000, not 604800001'],
    [{}, { MULTIPLE_INSTANCES_EXPIRE: '604801' }, 'MULTIPLE_INSTANCES_EXPIRE must be milliseconds from 1 to 604800000, not 604801000'],
    [{}, { MULTIPLE_INSTANCES_PING_INTERVAL: '201601' }, 'MULTIPLE_INSTANCES_PING_INTERVAL must be milliseconds from 1 to 201600000, not 201601000'],
  ])('name what was set, and nothing that nobody set: %o, %o', (options, env, message) => {
    expect(refused(options, env)).toMatchObject({ code: 'invalid-option', message: expect.stringContaining(message) as string })
  })

  it('allow an expiry of a week, which peers accept in a record', () => {
    expect(resolve({ heartbeatIntervalMs: 201_600_000 }).expireAfterMs).toBe(604_800_000)
    expect(resolve({ expireAfterMs: 604_800_000 }).expireAfterMs).toBe(604_800_000)
  })

  it('take an explicit undefined as not given', () => {
    expect(resolveOptions({ db, name: 'chat', server: createServer(), heartbeatIntervalMs: undefined } as unknown as JoinOptions, {}).heartbeatIntervalMs).toBe(10_000)
  })

  it.each([
    ['no database', { db: undefined as unknown as Db }, {}],
    ['no name', { name: '' }, {}],
    ['a name with a lone surrogate', { name: 'chat\ud800' }, {}],
    ['a secret with a lone surrogate', { secret: `hunter2\udc00${'x'.repeat(32)}` }, {}],
    ['server and listen', { listen: {} }, {}],
    ['a zero interval', { heartbeatIntervalMs: 0 }, {}],
    ['an interval that is no number', { heartbeatIntervalMs: Number.NaN }, {}],
    ['an expiry of less than three heartbeats', { heartbeatIntervalMs: 1000, expireAfterMs: 2999 }, {}],
    ['an environment that is no number', {}, { MULTIPLE_INSTANCES_EXPIRE: 'soon' }],
    ['a root URL that is none', {}, { ROOT_URL: 'chat' }],
    ['a path without a slash', { path: 'chat' }, {}],
    ['host in extraInformation', { extraInformation: { host: 'x' } }, {}],
    ['secrets of which one is short', { secret: ['x'.repeat(32), 'hunter2'] as const }, {}],
  ])('refuse %s, in words and without secrets', (_, options, env) => {
    const error = refused(options, env)
    expect(error).toMatchObject({ name: 'ClusterError', code: 'invalid-option' })
    expect(String(error)).not.toContain('hunter2')
  })
})
