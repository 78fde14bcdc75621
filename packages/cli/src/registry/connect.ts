import { MongoClient } from 'mongodb'
import { CliError } from '../errors.js'
import { hostsOf, type MongoPlace } from '../places.js'
import { within } from '../within.js'

/** Nothing that MongoDB is asked is waited for longer. */
export const patienceMs = 5000
/** The driver knows better why it does not get an answer: it may say so first. */
const graceMs = 500

/** Options that end an operation, for the driver and for MongoDB. */
export interface Ending {
  readonly signal: AbortSignal
  readonly maxTimeMS: number
}

/** A connected client; who got it closes it. Rejects with a `CliError`. */
export async function connectMongo(place: MongoPlace): Promise<MongoClient> {
  return asked(place, async () => {
    const client = new MongoClient(place.url, {
      appName: 'ddp-cluster', maxPoolSize: 2, serverSelectionTimeoutMS: patienceMs, connectTimeoutMS: patienceMs, socketTimeoutMS: patienceMs, readPreference: 'primary',
    })
    try {
      return await client.connect()
    } catch (error) {
      await client.close().catch(() => undefined)
      throw error
    }
  })
}

/** Resolves as `work` does, which is ended after `patienceMs`; the driver's errors become a `CliError` with what to do. */
export async function asked<T>(place: MongoPlace, work: (ending: Ending) => Promise<T>): Promise<T> {
  const abort = new AbortController()
  const late = (): Error => {
    const error = unreachable(place, `nothing came for ${patienceMs} ms`)
    abort.abort(error)
    return error
  }
  try {
    return await within(patienceMs + graceMs, work({ signal: abort.signal, maxTimeMS: patienceMs }), late)
  } catch (error) {
    throw toCliError(place, error)
  }
}

const unauthorized = 13
const authenticationFailed = 18

function toCliError(place: MongoPlace, error: unknown): unknown {
  if (error instanceof CliError || !(error instanceof Error) || (!error.name.startsWith('Mongo') && !('code' in error))) return error
  const hosts = hostsOf(place)
  const said = error.message.split('\n')[0] ?? ''
  if (/^Mongo(Parse|InvalidArgument|MissingCredentials|API)Error$/.test(error.name)) return new CliError('usage', `the URL of MongoDB makes no sense: ${said}`, 'see the driver\'s connection strings', { cause: error })
  const code = 'code' in error ? error.code : undefined
  if (code === authenticationFailed) return new CliError('mongo-refused', `MongoDB at ${hosts} does not take this user and password: ${said}`, 'look at the user, the password and authSource in the URL', { cause: error })
  if (code === unauthorized) return new CliError('mongo-refused', `MongoDB at ${hosts} does not let this user look: ${said}`, 'the role "read" on the database is enough', { cause: error })
  return unreachable(place, said, error)
}

function unreachable(place: MongoPlace, said: string, cause?: Error): CliError {
  return new CliError('mongo-unreachable', `MongoDB at ${hostsOf(place)} does not answer: ${said}`, 'does it run, is the address right, and does a firewall let you through?', { cause })
}
