import { DDPError } from '@ddp-cluster/ddp-common'
import type { Connection, DDPServer, Publication } from '@ddp-cluster/ddp-server'
import { type Answer, failed } from './answer.js'
import type { Gate, Who } from './gate.js'
import type { Live } from './live.js'

export const getMethod = 'instances/get'
export const instancesPublication = 'instances'

/** Who watches is asked again for the right to it so often. */
const askAgainMs = 60_000

export interface DDPParts {
  readonly gate: Gate
  readonly live: Live
  /** The body of `instances.get`. */
  readonly body: () => Promise<object>
}

/** Endpoints that an API answers on already. */
const taken = new WeakSet<DDPServer>()

/** Offers `instances/get` and `instances` on a DDP endpoint, unless another API does. Throws the endpoint's `method-taken` and `publication-taken`. */
export function offerOverDDP(ddpServer: DDPServer, { gate, live, body }: DDPParts): void {
  if (taken.has(ddpServer)) return
  ddpServer.method(getMethod, async function (credentials) {
    this.unblock()
    await admit(gate, this, credentials)
    return body()
  })
  ddpServer.publish(instancesPublication, async function (credentials) {
    this.unblock()
    const who = await admit(gate, this, credentials)
    watch(this, gate, who, live)
    this.ready()
  })
  taken.add(ddpServer)
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
  const { refusal: tooOften } = await gate.count(connection.clientAddress)
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
