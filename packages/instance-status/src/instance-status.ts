import { callSafely, harmless } from '@ddp-cluster/ddp-common/internal'
import { randomId } from '@ddp-cluster/ddp-common'
import type { Cluster } from './cluster.js'
import { ClusterError } from './errors.js'
import { joinAs } from './join-cluster.js'
import type { JoinOptions } from './options.js'
import { textOf } from './text-of.js'

/** Options of `InstanceStatus`: those of `joinCluster()` without `name` and `extraInformation`, which `registerInstance()` takes. */
export type InstanceStatusOptions = Omit<JoinOptions, 'name' | 'extraInformation'>

type Registration =
  | { readonly kind: 'none' }
  | { readonly kind: 'registering'; readonly joining: Promise<Cluster> }
  | { readonly kind: 'registered'; readonly cluster: Cluster }

/**
 * The face that Meteor's multiple-instances packages had, for those who come from there; behind it is `joinCluster()`.
 * `registerInstance` and `unregisterInstance` return promises here: what goes wrong is told to the caller.
 */
export class InstanceStatus {
  readonly #options: InstanceStatusOptions
  readonly #observers = new Set<(cluster: Cluster) => void>()
  #id = randomId()
  #registration: Registration = { kind: 'none' }

  constructor(options: InstanceStatusOptions) {
    this.#options = options
  }

  /** The id of this instance: of the registration that is, or of the next one. An id names one incarnation, so each registration has a new one. */
  id(): string {
    return this.#id
  }

  /** The cluster, while this instance is registered. */
  get cluster(): Cluster | undefined {
    return this.#registration.kind === 'registered' ? this.#registration.cluster : undefined
  }

  /**
   * Registers this process under the application's name. `host` and `port` in `extraInformation` are the advertised address.
   * Rejects with what `joinCluster()` rejects with, and with a `ClusterError` `already-registered`.
   */
  async registerInstance(name: string, extraInformation: Readonly<Record<string, unknown>> = {}): Promise<Cluster> {
    if (this.#registration.kind !== 'none') throw new ClusterError('already-registered', 'this instance is registered already: call unregisterInstance() first')
    const { host, port, ...rest } = extraInformation
    const address = { ...this.#options.address, ...(typeof host === 'string' && { host }), ...((typeof port === 'string' || typeof port === 'number') && { port }) }
    const joining = joinAs(this.#id, { ...this.#options, name, extraInformation: rest, ...(Object.keys(address).length > 0 && { address }) })
    this.#registration = { kind: 'registering', joining }
    const cluster = await joining.catch((error: unknown) => {
      this.#left()
      throw error
    })
    this.#registration = { kind: 'registered', cluster }
    void cluster.closed.then(() => this.#left())
    for (const observe of this.#observers) observe(cluster)
    return cluster
  }

  /** Leaves the cluster; resolves with whether there was anything to leave. Never rejects. */
  async unregisterInstance(): Promise<boolean> {
    const registration = this.#registration
    if (registration.kind === 'none') return false
    const cluster = registration.kind === 'registered' ? registration.cluster : await registration.joining.catch(() => undefined)
    await cluster?.close()
    return cluster !== undefined
  }

  /** Writes a line for every instance that comes or goes, to standard output unless told otherwise; the function returned ends it. */
  activeLogs(log: (line: string) => void = (line) => void process.stdout.write(`${line}\n`)): () => void {
    const write = (line: string): void => {
      callSafely(() => log(line), (error) => harmless(this.#options.logger).error({ error: textOf(error) }, 'the log of active instances threw'))
    }
    const endings: (() => void)[] = []
    const observe = (cluster: Cluster): void => {
      const where = (id: string, record: { extraInformation: { host: string; port: string } } | undefined): string =>
        record ? `${id} ${record.extraInformation.host}:${record.extraInformation.port}` : id
      write(`instance registered: ${where(cluster.id, cluster.self.record)}`)
      for (const { id, record, status } of cluster.members()) if (status === 'alive') write(`instance active: ${where(id, record)}`)
      endings.push(
        cluster.on('memberJoined', ({ id, record }) => write(`instance active: ${where(id, record)}`)),
        cluster.on('memberLeft', ({ id, record, reason }) => write(`instance gone (${reason}): ${where(id, record)}`)),
      )
    }
    this.#observers.add(observe)
    if (this.cluster) observe(this.cluster)
    return () => {
      this.#observers.delete(observe)
      for (const end of endings) end()
    }
  }

  #left(): void {
    this.#registration = { kind: 'none' }
    this.#id = randomId()
  }
}
