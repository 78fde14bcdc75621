import { DDPError } from '@ddp-cluster/ddp-common'
import type { Connection, DDPServer, Publication } from '@ddp-cluster/ddp-server'
import { type Answer, failed, unavailable } from './answer.js'
import type { Gate, Who } from './gate.js'
import type { Live } from './live.js'
import { InstancesApiError } from './options.js'

export const getMethod = 'instances/get'
export const instancesPublication = 'instances'

/** Interval at which a watcher's permission is checked again. */
const askAgainMs = 60_000

export interface DDPParts {
  readonly gate: Gate
  readonly live: Live
  /** The links to the other instances, as Rocket.Chat 3 answered `instances/get`. */
  readonly connections: () => Promise<readonly object[]>
  /** When there is nothing to show any more. */
  readonly closed: Promise<void>
}

/** The APIs of each endpoint whose clusters are not closed; the first of them answers. */
const offered = new WeakMap<DDPServer, Set<DDPParts>>()

/** Offers `instances/get` and `instances` on a DDP endpoint, unless another API does, which is followed then. Throws an `InstancesApiError` where the application has such names itself. */
export function offerOverDDP(ddpServer: DDPServer, parts: DDPParts): void {
  const apis = offered.get(ddpServer) ?? offer(ddpServer)
  apis.add(parts)
  void parts.closed.then(() => apis.delete(parts))
}

function offer(ddpServer: DDPServer): Set<DDPParts> {
  const apis = new Set<DDPParts>()
  const answering = (): DDPParts => {
    for (const parts of apis) return parts
    throw inWords(unavailable)
  }
  try {
    ddpServer.publish(instancesPublication, async function (credentials) {
      this.unblock()
      const { gate, live } = answering()
      const who = await admit(gate, this, credentials)
      watch(this, gate, who, live)
      this.ready()
    })
    ddpServer.method(getMethod, async function (credentials) {
      this.unblock()
      const { gate, connections } = answering()
      await admit(gate, this, credentials)
      return connections()
    })
  } catch (cause) {
    throw new InstancesApiError(`the DDP endpoint has a method "${getMethod}" or a publication "${instancesPublication}" already: give another one as ddpServer, or false`, { cause })
  }
  offered.set(ddpServer, apis)
  return apis
}

function watch(publication: Publication, gate: Gate, who: Who, live: Live): void {
  const askAgain = setInterval(() => {
    gate.refuse(who).then(
      (refusal) => {
        // While MongoDB is away the right stands.
        if (refusal && refusal.status < failed.status) publication.error(inWords(refusal))
      },
      (error: unknown) => publication.error(error),
    )
  }, askAgainMs)
  publication.onStop(() => clearInterval(askAgain))
  publication.onStop(live.watch(publication))
}

/** Throws a `DDPError` with the code and the words of HTTP for who is not let in. */
async function admit(gate: Gate, { connection, userId }: { readonly connection: Connection; readonly userId: string | null }, credentials: unknown): Promise<Who> {
  const { refusal: tooOften } = await gate.count({ headers: connection.httpHeaders, remoteAddress: connection.clientAddress })
  if (tooOften) throw inWords(tooOften)
  const who = userId === null ? toCredentials(credentials) : { sessionUserId: userId }
  const refusal = await gate.refuse(who)
  if (refusal) throw inWords(refusal)
  return who
}

/** Longer values are nobody's. */
const longestCredential = 500

function toCredentials(value: unknown): Who {
  if (typeof value !== 'object' || value === null) return undefined
  const [authToken, userId] = ['authToken', 'userId'].map((key) => (Object.hasOwn(value, key) ? (value as Record<string, unknown>)[key] : undefined))
  return isCredential(authToken) && isCredential(userId) ? { authToken, userId } : undefined
}

const isCredential = (value: unknown): value is string => typeof value === 'string' && value !== '' && value.length <= longestCredential

function inWords({ status, body }: Answer): DDPError {
  const { message, error } = body as { readonly message?: string; readonly error?: string }
  return new DDPError(status, message ?? error)
}
