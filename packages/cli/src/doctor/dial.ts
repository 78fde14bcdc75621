import { randomBytes } from 'node:crypto'
import { DDPError, randomId } from '@ddp-cluster/ddp-common'
import { type ConnectionEnd, ConnectionError, openConnection } from '@ddp-cluster/ddp-client/internal'

/** Answerer at an address, as far as an unproven caller can learn. */
export type Answerer =
  | { readonly kind: 'right' }
  | { readonly kind: 'other'; readonly id: string }
  | { readonly kind: 'other-cluster' | 'other-protocol' | 'no-instance' | 'upgrade-dropped' | 'untrusted' | 'unreachable'; readonly reason: string }

/** Whom somebody looks for. */
export interface Sought {
  /** `ws://host:port/path/websocket`. */
  readonly url: string
  readonly id: string
  /** `<database>.<collection>/<name>`. */
  readonly cluster: string
  readonly protocol: number
}

const patienceMs = 5000
const healthPatienceMs = 2000

/** Dials the address and asks for a challenge, as an instance would; it proves nothing, is let in nowhere, and hangs up. Never rejects. */
export async function whoAnswers({ url, id, cluster, protocol }: Sought): Promise<Answerer> {
  const connection = openConnection({ url, connectTimeoutMs: patienceMs })
  try {
    const ask = { protocol, cluster, from: randomId(), to: id, attempt: 1, nonceA: new Uint8Array(randomBytes(32)) }
    await connection.opened
    const answer = await connection.call('cluster.challenge', [ask], { timeoutMs: patienceMs })
    const nonce: unknown = typeof answer === 'object' && answer !== null && 'nonceB' in answer ? answer.nonceB : undefined
    return nonce instanceof Uint8Array ? { kind: 'right' } : { kind: 'no-instance', reason: 'what answers speaks DDP, and is no instance' }
  } catch (error) {
    if (error instanceof DDPError) return refused(error)
    const end = error instanceof ConnectionError ? error.end : undefined
    return end ? notOpened(end, url) : { kind: 'unreachable', reason: error instanceof Error ? error.message : String(error) }
  } finally {
    connection.close()
    await connection.closed
  }
}

function refused(error: DDPError): Answerer {
  const { details } = error
  const answeredBy = typeof details === 'object' && details !== null && 'instance' in details ? details.instance : undefined
  switch (error.error) {
    case 'wrong-instance':
      return { kind: 'other', id: typeof answeredBy === 'string' ? answeredBy : '?' }
    case 'wrong-cluster':
      return { kind: 'other-cluster', reason: error.reason ?? error.message }
    case 'wrong-protocol':
      return { kind: 'other-protocol', reason: error.reason ?? error.message }
    default:
      return { kind: 'no-instance', reason: `what answers speaks DDP, and is no instance: ${error.reason ?? error.message}` }
  }
}

async function notOpened({ cause, reason }: ConnectionEnd, url: string): Promise<Answerer> {
  switch (cause) {
    case 'tls':
      return { kind: 'untrusted', reason }
    case 'rejected':
    case 'protocol':
    case 'ended':
    case 'peer-closed':
    case 'connect-timeout':
      if (await isHealthy(url)) return { kind: 'upgrade-dropped', reason }
      return { kind: cause === 'rejected' || cause === 'protocol' ? 'no-instance' : 'unreachable', reason }
    default:
      return { kind: 'unreachable', reason }
  }
}

/** Whether an instance answers plain HTTP there. */
export async function isHealthy(url: string): Promise<boolean> {
  try {
    const health = new URL('/health', url.replace(/^ws/, 'http'))
    const response = await fetch(health, { redirect: 'manual', signal: AbortSignal.timeout(healthPatienceMs) })
    const type = response.headers.get('content-type') ?? ''
    await response.body?.cancel()
    return response.status === 200 && type.startsWith('application/json')
  } catch {
    return false
  }
}
