import { CliError } from '../errors.js'
import type { InstancePlace } from '../places.js'

/** An instance answers within a second; what a proxy adds is not waited for longer. */
const patienceMs = 5000

/** The answer of a cluster of hundreds has some megabytes. */
const longestAnswerBytes = 32 * 1024 * 1024

/** Answer of an instance with 200, and its time by the answerer's clock. */
export interface Answer {
  readonly body: unknown
  /** Of the header `Date`, whole seconds, in milliseconds since the epoch. */
  readonly date: number | undefined
  /** By this machine's clock, in the middle between question and answer. */
  readonly askedAt: number
}

/** GETs a path of the instance as its user. Rejects with a `CliError`, which tells what to do. A redirect is not followed: it might lead the token elsewhere. */
export async function getJson(place: InstancePlace, path: string): Promise<Answer> {
  const url = `${place.url}${path}`
  const before = Date.now()
  const response = await fetch(url, {
    headers: { 'x-auth-token': place.token, 'x-user-id': place.userId, accept: 'application/json' },
    redirect: 'manual',
    signal: AbortSignal.timeout(patienceMs),
  }).catch((error: unknown) => {
    throw unreachable(place, error)
  })
  const askedAt = (before + Date.now()) / 2
  const text = await bounded(place, response)
  if (response.status !== 200) throw refusal(place, path, response, text)
  const date = Date.parse(response.headers.get('date') ?? '')
  return { body: parsed(place, text), date: Number.isNaN(date) ? undefined : date, askedAt }
}

async function bounded(place: InstancePlace, response: Response): Promise<string> {
  const chunks: Uint8Array[] = []
  let bytes = 0
  try {
    for await (const chunk of response.body ?? []) {
      bytes += (chunk as Uint8Array).length
      if (bytes > longestAnswerBytes) throw notAnInstance(place, 'its answer is too long')
      chunks.push(chunk as Uint8Array)
    }
  } catch (error) {
    throw error instanceof CliError ? error : unreachable(place, error)
  }
  return Buffer.concat(chunks).toString('utf8')
}

function parsed(place: InstancePlace, text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    throw notAnInstance(place, 'its answer is no JSON')
  }
}

function refusal(place: InstancePlace, path: string, { status, headers }: Response, text: string): CliError {
  switch (status) {
    case 401:
      return new CliError('not-logged-in', `${place.url} does not know this user and token`, 'is the token of that user, still valid, and of this cluster\'s database?')
    case 403:
      return new CliError('not-allowed', `the user ${place.userId} may not see the instances`, 'a role of the user needs the permission view-statistics')
    case 404:
      return new CliError('not-an-instance', `${place.url} has no ${path}`, 'is instancesApi() mounted there, and new enough?')
    case 429: {
      const seconds = headers.get('retry-after')
      return new CliError('too-many-requests', `${place.url} has been asked too often`, `wait ${seconds !== null && /^\d{1,6}$/.test(seconds) ? `${seconds} s` : 'a minute'}`)
    }
    case 503:
      return new CliError('instance-unreachable', `${place.url} does not reach its MongoDB, or is starting or ending`, 'try again; ddp-cluster doctor --mongo looks at MongoDB itself')
    default:
      if (status >= 300 && status < 400) return notAnInstance(place, `it redirects to ${(headers.get('location') ?? '?').slice(0, 200)}, which is not followed with a token`)
      return notAnInstance(place, `it answered ${status}${text === '' ? '' : `: ${text.slice(0, 100)}`}`)
  }
}

const notAnInstance = (place: InstancePlace, why: string): CliError => new CliError('not-an-instance', `what answers at ${place.url} is no instance, or a proxy is in between: ${why}`, 'give the address of the server itself')

function unreachable(place: InstancePlace, error: unknown): CliError {
  const late = error instanceof Error && error.name === 'TimeoutError'
  const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error
  const why = late ? `nothing came for ${patienceMs} ms` : cause instanceof Error ? cause.message || ('code' in cause ? String(cause.code) : cause.name) : String(cause)
  return new CliError('instance-unreachable', `${place.url} does not answer: ${why}`, 'does it run, is the address right, and does a firewall let you through?', { cause: error })
}
