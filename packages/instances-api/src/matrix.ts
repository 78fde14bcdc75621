import { addressOf } from './instances-view.js'
import type { ClusterState } from './options.js'
import { type InstanceView, shortened, toInstanceView } from './peer-view.js'
import { linkOf, logOf } from './shapes.js'

/** The cluster method by which instances ask each other how they see the cluster. */
export const viewMethod = 'instances.view'

/** Timeout for one instance's view; later answers are reported as missing. */
const askMs = 1000

/** Time for which one answer is shared. */
const sharedMs = 1000

interface Place {
  readonly id: string
  readonly address: string
  readonly local: boolean
}

/** Row of the matrix: the view of one instance on the cluster, or the reason why it is missing. `problem` is a `CallError`'s code, the code of a `DDPError` (404: it does not serve this API), or `bad-answer`. */
export type MatrixRow = (Place & { readonly ok: true } & InstanceView) | (Place & { readonly ok: false; readonly problem: string; readonly message: string })

/** The answer of `GET /api/v1/instances.matrix`: this instance's row first. */
export interface MatrixView {
  /** Whether the request succeeded, as in every answer of Rocket.Chat. */
  readonly success: true
  /** Time of the answer; an ISO string over HTTP. */
  readonly at: Date
  /** Rows, this instance's first. */
  readonly instances: readonly MatrixRow[]
}

/** How everyone sees everyone. */
export class Matrix {
  readonly #cluster: ClusterState
  readonly #withdraw: () => void
  #last: { readonly view: Promise<MatrixView>; readonly until: number } | undefined

  /** Offers `instances.view` to the other instances. Throws a `ClusterError` `method-taken`. */
  constructor(cluster: ClusterState) {
    this.#cluster = cluster
    this.#withdraw = cluster.method(viewMethod, () => instanceView(cluster))
  }

  /** Asks everyone. Resolves within little more than a second, whoever does not answer. */
  gather(): Promise<MatrixView> {
    const now = performance.now()
    if (!this.#last || now >= this.#last.until) this.#last = { view: this.#gather(), until: now + sharedMs }
    return this.#last.view
  }

  close(): void {
    this.#withdraw()
  }

  async #gather(): Promise<MatrixView> {
    const { id: selfId, self } = this.#cluster
    const addresses = new Map(this.#cluster.members().map(({ id, record }) => [id, record ? addressOf(record) : '']))
    addresses.set(selfId, addressOf(self.record))
    const outcomes = await this.#cluster.callAll(viewMethod, [], { timeoutMs: askMs })
    const instances = outcomes.map((outcome): MatrixRow => {
      const { id } = outcome
      const place = { id, address: addresses.get(id) ?? '', local: id === selfId }
      if (outcome.status === 'rejected') return { ...place, ok: false, ...problemOf(outcome.reason) }
      const said = toInstanceView(outcome.value)
      if (!said) return { ...place, ok: false, problem: 'bad-answer', message: 'the answer makes no sense: does it run another version?' }
      const { name, pid, self: itself, members } = said
      return { ...place, name, pid, ok: true, self: itself, members }
    })
    return { success: true, at: new Date(), instances }
  }
}

function instanceView(cluster: ClusterState): InstanceView {
  const { record, registry, unreachableBy } = cluster.self
  const { heartbeat, log, events, bytes, peers } = cluster.statistics()
  const logs = new Map(peers.map((peer) => [peer.id, logOf(peer)]))
  return {
    name: record.name,
    pid: record.pid,
    address: addressOf(record),
    self: { registry, unreachableBy, heartbeatAgeMs: heartbeat.ageMs, log, events, bytes },
    members: cluster.members().map((member) => {
      const { id, status, reason, since } = member
      const link = linkOf(member)
      const memberLog = logs.get(id)
      return { id, address: member.record ? addressOf(member.record) : '', status, ...(reason !== undefined && { reason }), since, ...(link && { link }), ...(memberLog && { log: memberLog }) }
    }),
  }
}

/** `CallError`s carry their code as `code`, `DDPError`s as `error`. */
function problemOf(reason: unknown): { readonly problem: string; readonly message: string } {
  if (!(reason instanceof Error)) return { problem: 'failed', message: 'it failed' }
  const { code, error } = reason as { readonly code?: unknown; readonly error?: unknown }
  const problem = [code, error].find((one) => typeof one === 'string' || typeof one === 'number') ?? 'failed'
  return { problem: shortened(String(problem)), message: shortened(reason.message) }
}
