import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Cluster, InstanceRecord } from '@ddp-cluster/instance-status'
import { AccessCheck } from './access.js'
import { type Answer, failed, notAllowed, notFound, notLoggedIn, unavailable, wrongMethod } from './answer.js'
import { instancesView } from './instances-view.js'
import { type Authenticate, type Authorize, type Credentials, meteorAuthentication, rocketChatAuthorization } from './meteor-access.js'

/** What is asked of a cluster here. */
export type ClusterState = Pick<Cluster, 'id' | 'db' | 'members' | 'records' | 'lastRecords'>

export interface InstancesApiOptions {
  readonly cluster: ClusterState
  /** Default: Meteor's, by `users` and their login tokens. */
  readonly authenticate?: Authenticate
  /** Default: Rocket.Chat's, by the permission `view-statistics`. */
  readonly authorize?: Authorize
  /** Told of failures inside; never of tokens. Silent by default. */
  readonly logger?: { error(fields: object, message: string): void }
}

/** For `http.createServer()`, or to be called for the paths that are ours. Never rejects. */
export type InstancesApiHandler = (request: IncomingMessage, response: ServerResponse) => Promise<void>

/** The one path, in the form that Rocket.Chat's clients ask for. */
export const instancesPath = '/api/v1/instances.get'

/** Nobody waits longer than this for MongoDB: an answer that says it is away comes within a second. */
const databaseTimeoutMs = 800

/** Records are read again at most so often, however many ask. */
const recordsMaxAgeMs = 1000

/** Serves the state of a cluster as `GET /api/v1/instances.get`. */
export function instancesApi({ cluster, authenticate, authorize, logger }: InstancesApiOptions): InstancesApiHandler {
  const access = new AccessCheck(
    authenticate ?? meteorAuthentication(cluster.db, databaseTimeoutMs),
    authorize ?? rocketChatAuthorization(cluster.db, databaseTimeoutMs),
    () => performance.now(),
  )

  const answer = async (request: IncomingMessage): Promise<Answer> => {
    if (pathOf(request) !== instancesPath) return notFound
    if (request.method !== 'GET') return wrongMethod
    const credentials = credentialsOf(request)
    if (!credentials) return notLoggedIn
    const deadline = performance.now() + databaseTimeoutMs
    const rights = await before(deadline, access.check(credentials))
    if (rights === 'late') return unavailable
    if (rights === 'not-logged-in') return notLoggedIn
    if (rights === 'not-allowed') return notAllowed
    return { status: 200, body: instancesView(cluster, await recordsOf(cluster, deadline)) }
  }

  return async (request, response) => {
    try {
      send(response, await answer(request))
    } catch (error) {
      const away = isDatabaseAway(error)
      if (!away) logger?.error({ error: error instanceof Error ? error.message : 'unknown' }, 'instances.get failed')
      send(response, away ? unavailable : failed)
    }
  }
}

/** As MongoDB has them now; when it is away, as they were. */
async function recordsOf(cluster: ClusterState, deadline: number): Promise<readonly InstanceRecord[]> {
  const fresh = await before(deadline, cluster.records({ maxAgeMs: recordsMaxAgeMs }).catch(() => 'late' as const))
  return fresh === 'late' ? cluster.lastRecords() : fresh
}

/** What `work` resolves with, or `late` when it has not by the deadline (monotonic milliseconds). */
async function before<T>(deadline: number, work: Promise<T>): Promise<T | 'late'> {
  let timer: ReturnType<typeof setTimeout> | undefined
  const late = new Promise<'late'>((resolve) => {
    timer = setTimeout(() => resolve('late'), deadline - performance.now())
  })
  try {
    return await Promise.race([work, late])
  } finally {
    clearTimeout(timer)
  }
}

/** The path that is asked for; the request line may have the whole URL (RFC 9112, 3.2.2). */
function pathOf({ url = '' }: IncomingMessage): string {
  if (!url.startsWith('/')) return URL.canParse(url) ? new URL(url).pathname : url
  const end = url.search(/[?#]/)
  return end < 0 ? url : url.slice(0, end)
}

function credentialsOf({ headers }: IncomingMessage): Credentials | undefined {
  const authToken = headers['x-auth-token']
  const userId = headers['x-user-id']
  return typeof authToken === 'string' && authToken !== '' && typeof userId === 'string' && userId !== '' ? { authToken, userId } : undefined
}

/** What a MongoDB says that is shutting down, stepping down or not the primary (any more). */
const awayCodes: ReadonlySet<unknown> = new Set([6, 7, 89, 91, 189, 262, 9001, 10_107, 11_600, 11_602, 13_435, 13_436])

/** The driver's errors of the network and of time limits; its classes are not imported, so that any version of the driver will do. */
function isDatabaseAway(error: unknown): boolean {
  if (!(error instanceof Error)) return false
  if (/^Mongo(Network|ServerSelection|OperationTimeout|NotConnected|TopologyClosed|Pool|WaitQueueTimeout)/.test(error.name)) return true
  return error.name === 'MongoServerError' && 'code' in error && awayCodes.has(error.code)
}

/** Does nothing where somebody else has answered, or nobody waits any more. */
function send(response: ServerResponse, { status, headers, body }: Answer): void {
  const text = JSON.stringify(body)
  if (response.headersSent || response.destroyed) return
  response.writeHead(status, {
    'content-type': 'application/json',
    'cache-control': 'no-store',
    'content-length': Buffer.byteLength(text),
    ...headers,
  })
  response.end(text)
}
