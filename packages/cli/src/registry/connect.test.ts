import { expect, it, vi } from 'vitest'
import { CliError } from '../errors.js'
import { mongoPlace } from '../places.js'
import { asked } from './connect.js'

const place = mongoPlace('mongodb://user:hunter22@db.example:27017/app', 'instances', undefined)
const of = (name: string, message: string, code?: number): Error => Object.assign(new Error(message), { name }, code === undefined ? {} : { code })
const outcome = (error: unknown): Promise<unknown> => asked(place, () => Promise.reject(error as Error)).catch((thrown: unknown) => thrown)

it.each([
  ['the user and password are not taken', of('MongoServerError', 'Authentication failed.', 18), 'mongo-refused', 'MongoDB at db.example:27017 does not take this user and password: Authentication failed.'],
  ['the user may not look', of('MongoServerError', 'not authorized on app', 13), 'mongo-refused', 'MongoDB at db.example:27017 does not let this user look: not authorized on app'],
  ['the URL makes no sense', of('MongoParseError', 'option nonsense is not supported'), 'usage', 'the URL of MongoDB makes no sense: option nonsense is not supported'],
  ['the network', of('MongoNetworkError', 'connect ECONNREFUSED\nand more'), 'mongo-unreachable', 'MongoDB at db.example:27017 does not answer: connect ECONNREFUSED'],
  ['an error of the system', Object.assign(new Error('no such host'), { code: 'ENOTFOUND' }), 'mongo-unreachable', 'MongoDB at db.example:27017 does not answer: no such host'],
])('%s: in words, with a code', async (_, error, code, message) => {
  const said = await outcome(error)
  expect(said).toBeInstanceOf(CliError)
  expect(said).toMatchObject({ code, message })
  expect(JSON.stringify(said)).not.toContain('hunter22')
})

it('what is no error of the driver is passed on as it is', async () => {
  const mistake = new TypeError('x is not a function')
  expect(await outcome(mistake)).toBe(mistake)
  const known = new CliError('usage', 'said already', '')
  expect(await outcome(known)).toBe(known)
})

it('ends the operation that it gives up on', async () => {
  vi.useFakeTimers()
  try {
    let given: AbortSignal | undefined
    const giving = asked(place, ({ signal }) => {
      given = signal
      return new Promise(() => undefined)
    })
    const outcome = expect(giving).rejects.toMatchObject({ code: 'mongo-unreachable' })
    await vi.advanceTimersByTimeAsync(5500)
    await outcome
    expect(given?.aborted).toBe(true)
  } finally {
    vi.useRealTimers()
  }
})
